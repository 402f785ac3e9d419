-- The allocated charges behind one figure: every filter that is NULL matches all.
-- grain:  allocated charge
-- params: $allocated_files list, $basis text, $source, $currency, $bucket, $model, $model_version,
--         $component, $owner, $day (YYYY-MM-DD) text or NULL
SELECT
    charge_month,
    source,
    "x_OriginChargeId" AS charge_id,
    bucket,
    model,
    model_version,
    component,
    element,
    method,
    rule_id,
    evidence,
    owner,
    "BillingCurrency" AS currency,
    "ChargePeriodStart" AS period_start,
    "ChargePeriodEnd" AS period_end,
    "ServiceName" AS service,
    "ResourceId" AS resource_id,
    "x_UsageType" AS usage_type,
    "ConsumedQuantity" AS quantity,
    "ConsumedUnit" AS unit,
    CASE $basis
        WHEN 'BilledCost' THEN "BilledCost"
        WHEN 'EffectiveCost' THEN "EffectiveCost"
        WHEN 'ContractedCost' THEN "ContractedCost"
        WHEN 'ListCost' THEN "ListCost"
    END AS amount
FROM read_parquet($allocated_files, union_by_name => true)
WHERE ($source IS NULL OR source = $source)
    AND ($currency IS NULL OR "BillingCurrency" = $currency)
    AND ($bucket IS NULL OR bucket = $bucket)
    AND ($model IS NULL OR model = $model)
    AND ($model_version IS NULL OR model_version = $model_version)
    AND ($component IS NULL OR component = $component)
    AND ($owner IS NULL OR owner = $owner)
    AND ($day IS NULL OR strftime("ChargePeriodStart", '%Y-%m-%d') = $day)
