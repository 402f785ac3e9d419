-- What was read of each file: lines, what became of them, and how much rounding moved its money.
-- grain:  file
-- params: none
SELECT
    file,
    count(*) AS lines,
    count(*) FILTER (WHERE NOT is_split_row) AS charges,
    count(*) FILTER (
        WHERE is_split_row AND parent_resource_id IS NOT NULL AND split_cost IS NOT NULL
    ) AS split_rows,
    count(*) FILTER (WHERE NOT is_split_row AND invoice_id IS NULL) AS without_invoice,
    count(*) FILTER (
        WHERE
        public_cost IS NULL
        AND NOT is_split_row
        AND line_item_type IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
        AND coalesce(product_code, '') NOT ILIKE 'AWS%Support%'
        AND coalesce(product_code, '') NOT ILIKE 'OCB%Support%'
    ) AS without_list_cost,
    sum(
        abs(amount_rounding(unblended_cost))
        + abs(amount_rounding(net_unblended_cost))
        + abs(amount_rounding(plan_cost))
        + abs(amount_rounding(net_plan_cost))
        + abs(amount_rounding(plan_commitment))
        + abs(amount_rounding(plan_used))
        + abs(amount_rounding(reservation_cost))
        + abs(amount_rounding(net_reservation_cost))
        + abs(amount_rounding(unused_upfront))
        + abs(amount_rounding(net_unused_upfront))
        + abs(amount_rounding(unused_recurring))
        + abs(amount_rounding(net_unused_recurring))
        + abs(amount_rounding(public_cost))
    ) AS rounding_units
FROM raw_lines
GROUP BY file
