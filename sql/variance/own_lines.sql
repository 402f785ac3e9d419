-- What no version has a term for: what commitments left unused, credits (with account-wide discounts and
-- roundings), tax and support, whoever bears them by policy.
-- grain:  charge_month, line, currency
-- params: $allocated_files list
WITH rows AS (
    SELECT
        charge_month,
        BillingCurrency AS currency,
        EffectiveCost,
        CASE
            WHEN bucket = 'commitment' THEN 'unused_commitment'
            WHEN bucket = 'not_ai' AND evidence <> 'overhead by cost' THEN NULL
            WHEN ChargeCategory = 'Tax' THEN 'tax'
            WHEN ChargeCategory = 'Credit' THEN 'credit'
            WHEN bucket <> 'overhead' AND evidence <> 'overhead by cost' THEN NULL
            WHEN rule_id LIKE '%support%' OR ServiceName ILIKE '%support%' THEN 'support'
            WHEN element = 'adjustment' THEN 'credit'
        END AS line
    FROM read_parquet($allocated_files, hive_partitioning = false, union_by_name = true)
)
SELECT charge_month, line, currency, sum(EffectiveCost) AS cost
FROM rows
WHERE line IS NOT NULL
GROUP BY ALL
ORDER BY ALL
