-- Where the listed charges went in either state of a month, and what that moved.
-- grain:  source, charge_id, currency, bucket, model, model_version, component
-- params: $basis text (reads changed_lines, allocated_before, allocated_after)
WITH parts AS (
    SELECT *, FALSE AS is_after
    FROM allocated_before
    UNION ALL
    SELECT *, TRUE AS is_after
    FROM allocated_after
),

amounts AS (
    SELECT
        source,
        "x_OriginChargeId" AS charge_id,
        "BillingCurrency" AS currency,
        bucket,
        model,
        model_version,
        component,
        is_after,
        CASE $basis
            WHEN 'billed' THEN "BilledCost"
            WHEN 'effective' THEN "EffectiveCost"
            WHEN 'contracted' THEN "ContractedCost"
            WHEN 'list' THEN "ListCost"
        END AS amount
    FROM parts
),

targets AS (
    SELECT
        amounts.source,
        amounts.charge_id,
        amounts.currency,
        amounts.bucket,
        amounts.model,
        amounts.model_version,
        amounts.component,
        coalesce(sum(amounts.amount) FILTER (WHERE NOT amounts.is_after), 0) AS before,
        coalesce(sum(amounts.amount) FILTER (WHERE amounts.is_after), 0) AS after
    FROM amounts
    INNER JOIN changed_lines
        ON
            amounts.source = changed_lines.source
            AND amounts.charge_id = changed_lines.charge_id
            AND amounts.currency = changed_lines.currency
    GROUP BY ALL
)

SELECT *
FROM targets
ORDER BY
    source,
    charge_id,
    currency,
    abs(after - before) DESC,
    bucket,
    model,
    model_version,
    component
