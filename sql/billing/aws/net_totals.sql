-- Unblended and net totals of the export's lines, to see whether net amounts may be used.
-- grain:  payer_account_id, currency_code
-- params: none
SELECT
    payer_account_id,
    currency_code,
    sum(amount(unblended_cost)) AS unblended,
    sum(coalesce(amount(net_unblended_cost), amount(unblended_cost))) AS net,
    count(net_unblended_cost) AS lines_with_net
FROM bill_lines
GROUP BY payer_account_id, currency_code
