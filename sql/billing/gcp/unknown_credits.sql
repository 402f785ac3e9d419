-- Credits of types that are not known: how many lines have them and how much they are.
-- grain:  currency, credit_type
-- params: none (table `gcp_credits`)
SELECT
    currency,
    credit_type,
    count(DISTINCT line_number) AS lines,
    sum(amount) AS money
FROM gcp_credits
WHERE use = 'payment' AND coalesce(credit_type, '') NOT IN ('PROMOTION', 'CREDIT_TYPE_UNSPECIFIED')
GROUP BY currency, credit_type
ORDER BY currency, credit_type
