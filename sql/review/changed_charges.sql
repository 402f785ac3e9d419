-- The charges that two states of a month do not both have with the same four costs.
-- grain:  source, charge_id, currency
-- params: none (reads charges_before, charges_after)
WITH states AS (
    SELECT
        source,
        "x_ChargeId" AS charge_id,
        "BillingCurrency" AS currency,
        FALSE AS is_after,
        "BilledCost",
        "EffectiveCost",
        "ContractedCost",
        "ListCost"
    FROM charges_before
    UNION ALL
    SELECT
        source,
        "x_ChargeId" AS charge_id,
        "BillingCurrency" AS currency,
        TRUE AS is_after,
        "BilledCost",
        "EffectiveCost",
        "ContractedCost",
        "ListCost"
    FROM charges_after
),

charges AS (
    SELECT
        source,
        charge_id,
        currency,
        CASE
            WHEN bool_and(is_after) THEN 'added'
            WHEN bool_or(is_after) THEN 'changed'
            ELSE 'removed'
        END AS change,
        coalesce(sum("BilledCost") FILTER (WHERE NOT is_after), 0) AS billed_before,
        coalesce(sum("BilledCost") FILTER (WHERE is_after), 0) AS billed_after,
        coalesce(sum("EffectiveCost") FILTER (WHERE NOT is_after), 0) AS effective_before,
        coalesce(sum("EffectiveCost") FILTER (WHERE is_after), 0) AS effective_after,
        coalesce(sum("ContractedCost") FILTER (WHERE NOT is_after), 0) AS contracted_before,
        coalesce(sum("ContractedCost") FILTER (WHERE is_after), 0) AS contracted_after,
        coalesce(sum("ListCost") FILTER (WHERE NOT is_after), 0) AS list_before,
        coalesce(sum("ListCost") FILTER (WHERE is_after), 0) AS list_after
    FROM states
    GROUP BY source, charge_id, currency
)

SELECT *
FROM charges
WHERE change <> 'changed'
    OR billed_before <> billed_after
    OR effective_before <> effective_after
    OR contracted_before <> contracted_after
    OR list_before <> list_after
