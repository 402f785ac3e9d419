-- What was added, removed and changed, and what both states of a month hold in the same costs.
-- grain:  currency, change
-- params: none (reads changed_charges, charges_before, charges_after)
WITH states AS (
    SELECT "BillingCurrency" AS currency, FALSE AS is_after, *
    FROM charges_before
    UNION ALL
    SELECT "BillingCurrency" AS currency, TRUE AS is_after, *
    FROM charges_after
),

months AS (
    SELECT
        currency,
        count(*) FILTER (WHERE is_after) AS lines,
        coalesce(sum("BilledCost") FILTER (WHERE NOT is_after), 0) AS billed_before,
        coalesce(sum("BilledCost") FILTER (WHERE is_after), 0) AS billed_after,
        coalesce(sum("EffectiveCost") FILTER (WHERE NOT is_after), 0) AS effective_before,
        coalesce(sum("EffectiveCost") FILTER (WHERE is_after), 0) AS effective_after,
        coalesce(sum("ContractedCost") FILTER (WHERE NOT is_after), 0) AS contracted_before,
        coalesce(sum("ContractedCost") FILTER (WHERE is_after), 0) AS contracted_after,
        coalesce(sum("ListCost") FILTER (WHERE NOT is_after), 0) AS list_before,
        coalesce(sum("ListCost") FILTER (WHERE is_after), 0) AS list_after
    FROM states
    GROUP BY currency
),

moved AS (
    SELECT
        currency,
        change,
        count(*) AS lines,
        sum(billed_before) AS billed_before,
        sum(billed_after) AS billed_after,
        sum(effective_before) AS effective_before,
        sum(effective_after) AS effective_after,
        sum(contracted_before) AS contracted_before,
        sum(contracted_after) AS contracted_after,
        sum(list_before) AS list_before,
        sum(list_after) AS list_after
    FROM changed_charges
    GROUP BY currency, change
),

parts AS (
    SELECT *
    FROM moved
    UNION ALL
    SELECT
        currency,
        'unchanged' AS change,
        lines,
        billed_before,
        billed_after,
        effective_before,
        effective_after,
        contracted_before,
        contracted_after,
        list_before,
        list_after
    FROM months
    UNION ALL
    SELECT
        currency,
        'unchanged' AS change,
        CASE WHEN change = 'removed' THEN 0 ELSE -lines END AS lines,
        -billed_before,
        -billed_after,
        -effective_before,
        -effective_after,
        -contracted_before,
        -contracted_after,
        -list_before,
        -list_after
    FROM moved
)

SELECT
    currency,
    change,
    sum(lines)::BIGINT AS lines,
    sum(billed_before) AS billed_before,
    sum(billed_after) AS billed_after,
    sum(effective_before) AS effective_before,
    sum(effective_after) AS effective_after,
    sum(contracted_before) AS contracted_before,
    sum(contracted_after) AS contracted_after,
    sum(list_before) AS list_before,
    sum(list_after) AS list_after
FROM parts
GROUP BY currency, change
ORDER BY currency, list_position(['added', 'removed', 'changed', 'unchanged'], change)
