-- The lines of commitments' fees that nothing used in part: once for the fee, once for that part.
-- grain:  line_number, line_part
-- params: $use_net boolean
WITH fees AS (
    SELECT
        line_number,
        CASE
            WHEN line_item_type = 'SavingsPlanRecurringFee'
                THEN amount(plan_commitment) - amount(plan_used)
            WHEN $use_net
                THEN
                    coalesce(amount(net_unused_upfront), amount(unused_upfront), 0)
                    + coalesce(amount(net_unused_recurring), amount(unused_recurring), 0)
            ELSE coalesce(amount(unused_upfront), 0) + coalesce(amount(unused_recurring), 0)
        END AS unused
    FROM bill_lines
    WHERE line_item_type IN ('SavingsPlanRecurringFee', 'RIFee')
)

SELECT line_number, line_part, unused
FROM fees
CROSS JOIN (VALUES (''), ('unused')) AS parts (line_part)
WHERE unused <> 0
