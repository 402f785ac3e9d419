-- Fields of AWS's report that must be there and are not, or contradict each other.
-- grain:  file, line, column_name
-- params: none
SELECT
    file, line, 'resource_tags' AS column_name, left(resource_tag_map, 256) AS value,
    'is no map: its tags are left out' AS reason,
    false AS is_fatal
FROM month_lines
WHERE NOT cur_is_map(resource_tag_map)
UNION ALL
SELECT
    file, line, 'tags' AS column_name, left(tag_map, 256) AS value,
    'is no map: its tags are left out' AS reason,
    false AS is_fatal
FROM month_lines
WHERE NOT cur_is_map(tag_map)
UNION ALL
SELECT
    file, line, 'cost_category' AS column_name, left(cost_category_map, 256) AS value,
    'is no map: its categories are left out' AS reason,
    false AS is_fatal
FROM month_lines
WHERE NOT cur_is_map(cost_category_map)
UNION ALL
SELECT
    file, line, 'lineItem/CurrencyCode' AS column_name, currency_code AS value,
    CASE WHEN currency_code IS NULL THEN 'is empty' ELSE 'is not a currency code' END AS reason,
    true AS is_fatal
FROM month_lines
WHERE line_fate = 'charge' AND NOT coalesce(regexp_full_match(currency_code, '[A-Z]{3}'), false)
UNION ALL
SELECT
    file, line, 'lineItem/UnblendedCost' AS column_name, unblended_cost AS value,
    'is empty' AS reason,
    true AS is_fatal
FROM month_lines
WHERE line_fate = 'charge' AND unblended_cost IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/SavingsPlanEffectiveCost' AS column_name, plan_cost AS value,
    'is empty on usage a savings plan covers' AS reason,
    true AS is_fatal
FROM month_lines
WHERE line_item_type = 'SavingsPlanCoveredUsage' AND line_fate = 'charge' AND plan_cost IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/TotalCommitmentToDate' AS column_name, plan_commitment AS value,
    'is empty on a recurring fee of a savings plan' AS reason,
    true AS is_fatal
FROM month_lines
WHERE line_item_type = 'SavingsPlanRecurringFee' AND line_fate = 'charge' AND plan_commitment IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/UsedCommitment' AS column_name, plan_used AS value,
    'is empty on a recurring fee of a savings plan' AS reason,
    true AS is_fatal
FROM month_lines
WHERE line_item_type = 'SavingsPlanRecurringFee' AND line_fate = 'charge' AND plan_used IS NULL
UNION ALL
SELECT
    file, line, 'reservation/EffectiveCost' AS column_name, reservation_cost AS value,
    'is empty on usage a reservation covers' AS reason,
    true AS is_fatal
FROM month_lines
WHERE line_item_type = 'DiscountedUsage' AND line_fate = 'charge' AND reservation_cost IS NULL
UNION ALL
SELECT
    file, line, 'reservation/UnusedRecurringFee' AS column_name, unused_recurring AS value,
    'is empty on a reservation''s fee, and so is its unused upfront part' AS reason,
    true AS is_fatal
FROM month_lines
WHERE line_item_type = 'RIFee' AND line_fate = 'charge' AND unused_recurring IS NULL AND unused_upfront IS NULL
UNION ALL
SELECT
    file, line, 'lineItem/LineItemType' AS column_name, line_item_type AS value,
    'is empty: read as Usage' AS reason,
    false AS is_fatal
FROM month_lines
WHERE line_item_type IS NULL AND line_fate = 'charge'
UNION ALL
SELECT
    file, line, 'lineItem/UsageStartDate' AS column_name, usage_start AS value,
    'is empty: the time interval or the billing period stands in' AS reason,
    false AS is_fatal
FROM month_lines
WHERE
    usage_start IS NULL
    AND line_fate = 'charge'
    -- A file without the column says so once, not on every line.
    AND file IN (SELECT file FROM month_lines WHERE usage_start IS NOT NULL)
UNION ALL
SELECT
    file, line, 'lineItem/UsageEndDate' AS column_name, usage_end AS value,
    'is before the start: read as the start' AS reason,
    false AS is_fatal
FROM month_lines
WHERE instant(usage_end) < instant(usage_start)
UNION ALL
SELECT
    file, line, 'splitLineItem/ParentResourceId' AS column_name, parent_resource_id AS value,
    'is empty on a split row: the row is left out' AS reason,
    false AS is_fatal
FROM month_lines
WHERE line_fate <> 'charge' AND parent_resource_id IS NULL
UNION ALL
SELECT
    file, line, 'splitLineItem/SplitCost' AS column_name, split_cost AS value,
    'is empty on a split row: the row is left out' AS reason,
    false AS is_fatal
FROM month_lines
WHERE line_fate <> 'charge' AND split_cost IS NULL
