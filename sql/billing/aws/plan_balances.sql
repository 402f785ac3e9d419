-- What covered usage plus negations leave, per savings plan of the month: 0 where they cancel.
-- grain:  plan_arn, payer, currency
-- params: $use_net boolean
SELECT
    plan_arn,
    payer_account_id,
    currency_code,
    sum(
        CASE
            WHEN $use_net THEN coalesce(amount(net_unblended_cost), amount(unblended_cost))
            ELSE amount(unblended_cost)
        END
    ) AS rest
FROM bill_lines
WHERE
    line_item_type IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
GROUP BY plan_arn, payer_account_id, currency_code
HAVING rest <> 0
ORDER BY abs(rest) DESC, plan_arn, payer_account_id, currency_code
