-- Groups of covered usage and negations that do not cancel, and the line their rest is booked on.
-- A group without negations, or without covered usage, has no such line: its lines stay as billed.
-- grain:  plan_arn, usage_hour, usage_type, payer_account_id, currency_code
-- params: $use_net boolean
SELECT
    plan_arn,
    date_trunc('hour', instant(usage_start)) AS usage_hour,
    usage_type,
    payer_account_id,
    currency_code,
    sum(
        CASE
            WHEN $use_net THEN coalesce(amount(net_unblended_cost), amount(unblended_cost))
            ELSE amount(unblended_cost)
        END
    ) AS rest,
    CASE
        WHEN bool_or(line_item_type = 'SavingsPlanCoveredUsage')
            THEN min(struct_pack(
                account := coalesce(usage_account_id, ''),
                description := coalesce(description, ''),
                file := file,
                line := line
            )) FILTER (WHERE line_item_type = 'SavingsPlanNegation')
    END AS booked_on
FROM raw_lines
WHERE
    line_item_type IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
    AND NOT is_split_row
GROUP BY plan_arn, usage_hour, usage_type, payer_account_id, currency_code
HAVING rest <> 0
