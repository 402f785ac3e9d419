-- How many charges of each currency a bill has.
-- grain:  BillingCurrency
-- params: $charges Parquet file of core_billing__charges
SELECT "BillingCurrency" AS currency, count(*) AS charges
FROM read_parquet($charges)
GROUP BY currency
ORDER BY currency
