-- Every place the parts of one charge went.
-- grain:  allocated charge
-- params: $allocated_files list, $charge_id text
SELECT
    source,
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
    "BilledCost" AS billed_cost,
    "EffectiveCost" AS effective_cost,
    "ContractedCost" AS contracted_cost,
    "ListCost" AS list_cost
FROM read_parquet($allocated_files, union_by_name => true)
WHERE "x_OriginChargeId" = $charge_id
ORDER BY source, bucket, model, model_version, component, element, method, rule_id, owner
