-- What the lines of a FOCUS dataset say they are billed in.
-- grain:  currency
-- params: none
SELECT
    billing_currency AS currency,
    count(*) AS lines,
    min(file) AS file,
    min(line) AS line
FROM raw_text
WHERE
    billing_currency IS NOT NULL
    AND left(billing_period_start, 7) = getvariable('month')
    AND role <> 'left_out'
GROUP BY currency
ORDER BY lines DESC, currency
