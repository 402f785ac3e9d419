-- What a dataset adds up to: its rows and costs by bill source and currency.
-- grain:  bill source x currency
-- params: none (view `checked`)
SELECT
    "x_SourceName" AS source,
    "BillingCurrency" AS currency,
    count(*) AS row_count,
    count("AllocatedMethodDetails") AS allocated_rows,
    count(*) FILTER (WHERE "InvoiceId" IS NULL) AS rows_without_invoice,
    sum("BilledCost") AS "BilledCost",
    sum("EffectiveCost") AS "EffectiveCost",
    sum("ContractedCost") AS "ContractedCost",
    sum("ListCost") AS "ListCost"
FROM checked
GROUP BY source, currency
ORDER BY source, currency
