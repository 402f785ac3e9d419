-- One charge of a bill as it was read: its file, line and four costs.
-- grain:  charge (source, x_ChargeId)
-- params: $charge_files list, $charge_id text
SELECT
    source,
    "x_ChargeId" AS charge_id,
    "BillingCurrency" AS currency,
    "InvoiceId" AS invoice_id,
    "ChargePeriodStart" AS period_start,
    "ChargePeriodEnd" AS period_end,
    "ChargeCategory" AS category,
    "x_LineItemType" AS line_item_type,
    "ServiceName" AS service,
    "ResourceId" AS resource_id,
    "x_UsageType" AS usage_type,
    "x_Operation" AS operation,
    "ChargeDescription" AS description,
    "Tags" AS tags,
    "ConsumedQuantity" AS quantity,
    "ConsumedUnit" AS unit,
    "BilledCost" AS billed_cost,
    "EffectiveCost" AS effective_cost,
    "ContractedCost" AS contracted_cost,
    "ListCost" AS list_cost,
    "x_SourceFile" AS file,
    "x_SourceLine" AS line
FROM read_parquet($charge_files, union_by_name => true)
WHERE "x_ChargeId" = $charge_id
ORDER BY source
