-- The files that charge each billing account for the month.
-- grain:  account, file
-- params: none
SELECT
    coalesce(billing_account_id, '') AS account,
    file,
    count(*) AS lines
FROM bill_lines
GROUP BY account, file
ORDER BY account, file
