-- Fields of AWS's report that must be there and are not, or contradict each other.
-- One pass over the lines: they are long, and nearly none has such a field.
-- grain:  file, line, column_name
-- params: none
WITH checked AS (
    SELECT
        file,
        line,
        usage_end,
        currency_code,
        resource_tag_map,
        tag_map,
        cost_category_map,
        line_fate = 'charge' AS is_charge,
        NOT cur_is_map(resource_tag_map) AS is_tags_no_map,
        NOT cur_is_map(tag_map) AS is_all_tags_no_map,
        NOT cur_is_map(cost_category_map) AS is_categories_no_map,
        is_charge
        AND NOT coalesce(regexp_full_match(currency_code, '[A-Z]{3}'), false) AS is_no_currency,
        is_charge AND unblended_cost IS NULL AS lacks_cost,
        is_charge AND line_item_type = 'SavingsPlanCoveredUsage' AND plan_cost IS NULL
            AS lacks_plan_cost,
        is_charge AND line_item_type = 'SavingsPlanRecurringFee' AND plan_commitment IS NULL
            AS lacks_commitment,
        is_charge AND line_item_type = 'SavingsPlanRecurringFee' AND plan_used IS NULL AS lacks_used,
        is_charge AND line_item_type = 'DiscountedUsage' AND reservation_cost IS NULL
            AS lacks_reservation_cost,
        is_charge
        AND line_item_type = 'RIFee'
        AND unused_recurring IS NULL
        AND unused_upfront IS NULL AS lacks_unused,
        is_charge AND line_item_type IS NULL AS lacks_type,
        is_charge AND usage_start IS NULL AS lacks_start,
        instant(usage_end) < instant(usage_start) AS ends_early,
        NOT is_charge AND parent_resource_id IS NULL AS lacks_parent,
        NOT is_charge AND split_cost IS NULL AS lacks_split_cost
    FROM month_lines
),

found AS (
    SELECT
        file,
        line,
        unnest(
            [
                CASE WHEN is_tags_no_map THEN
                    row('resource_tags', left(resource_tag_map, 256),
                    'is no map: its tags are left out', false) END,
                CASE WHEN is_all_tags_no_map THEN
                    row('tags', left(tag_map, 256), 'is no map: its tags are left out', false) END,
                CASE WHEN is_categories_no_map THEN
                    row('cost_category', left(cost_category_map, 256),
                    'is no map: its categories are left out', false) END,
                CASE WHEN is_no_currency THEN
                    row('lineItem/CurrencyCode', currency_code,
                    if(currency_code IS NULL, 'is empty', 'is not a currency code'), true) END,
                CASE WHEN lacks_cost THEN
                    row('lineItem/UnblendedCost', NULL, 'is empty', true) END,
                CASE WHEN lacks_plan_cost THEN
                    row('savingsPlan/SavingsPlanEffectiveCost', NULL,
                    'is empty on usage a savings plan covers', true) END,
                CASE WHEN lacks_commitment THEN
                    row('savingsPlan/TotalCommitmentToDate', NULL,
                    'is empty on a recurring fee of a savings plan', true) END,
                CASE WHEN lacks_used THEN
                    row('savingsPlan/UsedCommitment', NULL,
                    'is empty on a recurring fee of a savings plan', true) END,
                CASE WHEN lacks_reservation_cost THEN
                    row('reservation/EffectiveCost', NULL,
                    'is empty on usage a reservation covers', true) END,
                CASE WHEN lacks_unused THEN
                    row('reservation/UnusedRecurringFee', NULL,
                    'is empty on a reservation''s fee, and so is its unused upfront part', true) END,
                CASE WHEN lacks_type THEN
                    row('lineItem/LineItemType', NULL, 'is empty: read as Usage', false) END,
                CASE WHEN lacks_start THEN
                    row('lineItem/UsageStartDate', NULL,
                    'is empty: the time interval or the billing period stands in', false) END,
                CASE WHEN ends_early THEN
                    row('lineItem/UsageEndDate', usage_end,
                    'is before the start: read as the start', false) END,
                CASE WHEN lacks_parent THEN
                    row('splitLineItem/ParentResourceId', NULL,
                    'is empty on a split row: the row is left out', false) END,
                CASE WHEN lacks_split_cost THEN
                    row('splitLineItem/SplitCost', NULL,
                    'is empty on a split row: the row is left out', false) END
            ]::STRUCT(column_name VARCHAR, "value" VARCHAR, reason VARCHAR, is_fatal BOOLEAN)[]
        ) AS field
    FROM checked
    WHERE
        is_tags_no_map
        OR is_all_tags_no_map
        OR is_categories_no_map
        OR is_no_currency
        OR lacks_cost
        OR lacks_plan_cost
        OR lacks_commitment
        OR lacks_used
        OR lacks_reservation_cost
        OR lacks_unused
        OR lacks_type
        OR lacks_start
        OR ends_early
        OR lacks_parent
        OR lacks_split_cost
)

SELECT file, line, field.column_name, field.value, field.reason, field.is_fatal
FROM found
WHERE
    field IS NOT NULL
    -- A file without the column says so once, not on every line.
    AND (
        field.column_name <> 'lineItem/UsageStartDate'
        OR file IN (SELECT month_lines.file FROM month_lines WHERE month_lines.usage_start IS NOT NULL)
    )
