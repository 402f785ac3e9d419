-- What was read of each file: lines, what became of them, and how much rounding moved its money.
-- grain:  file
-- params: none
WITH counts AS (
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
            AND coalesce(line_item_type, 'Usage') NOT IN (
                'Tax',
                'Credit',
                'Refund',
                'Fee',
                'RIFee',
                'SavingsPlanNegation',
                'SavingsPlanRecurringFee',
                'SavingsPlanUpfrontFee'
            )
            AND coalesce(line_item_type, '') NOT LIKE '%Discount'
            AND coalesce(product_code, '') NOT ILIKE 'AWS%Support%'
            AND coalesce(product_code, '') NOT ILIKE 'OCB%Support%'
        ) AS without_list_cost
    FROM raw_lines
    GROUP BY file
),

-- Only a text of more than 19 characters or with an exponent can hold more than 18 decimals.
long_amounts AS (
    SELECT
        file,
        unnest([
            unblended_cost,
            net_unblended_cost,
            plan_cost,
            net_plan_cost,
            plan_commitment,
            plan_used,
            reservation_cost,
            net_reservation_cost,
            unused_upfront,
            net_unused_upfront,
            unused_recurring,
            net_unused_recurring,
            public_cost
        ]) AS text
    FROM raw_lines
    WHERE
        length(unblended_cost) > 19
        OR length(net_unblended_cost) > 19
        OR length(plan_cost) > 19
        OR length(net_plan_cost) > 19
        OR length(plan_commitment) > 19
        OR length(plan_used) > 19
        OR length(reservation_cost) > 19
        OR length(net_reservation_cost) > 19
        OR length(unused_upfront) > 19
        OR length(net_unused_upfront) > 19
        OR length(unused_recurring) > 19
        OR length(net_unused_recurring) > 19
        OR length(public_cost) > 19
        OR concat_ws(
            '|',
            unblended_cost,
            net_unblended_cost,
            plan_cost,
            net_plan_cost,
            plan_commitment,
            plan_used,
            reservation_cost,
            net_reservation_cost,
            unused_upfront,
            net_unused_upfront,
            unused_recurring,
            net_unused_recurring,
            public_cost
        ) ILIKE '%e%'
),

roundings AS (
    SELECT file, sum(abs(amount_rounding(text))) AS rounding_units
    FROM long_amounts
    GROUP BY file
)

SELECT counts.*, coalesce(roundings.rounding_units, 0) AS rounding_units
FROM counts
LEFT JOIN roundings ON counts.file = roundings.file
