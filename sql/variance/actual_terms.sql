-- What each version's terms cost and how many billed units they took, on the terms of a plan.
-- Without tax and credits; without idle that the policy spread, because the notional share is added to
-- every version by the same key whoever bears it.
-- grain:  charge_month, model, model_version, component, element, currency, unit
-- params: $allocated_files list
SELECT
    charge_month,
    model,
    model_version,
    component,
    element,
    BillingCurrency AS currency,
    coalesce(ConsumedUnit, '') AS unit,
    sum(EffectiveCost) AS actual_cost,
    sum(ConsumedQuantity) AS actual_quantity
FROM read_parquet($allocated_files, hive_partitioning = false, union_by_name = true)
WHERE bucket IN ('model_version', 'model')
  AND ChargeCategory NOT IN ('Tax', 'Credit')
  AND evidence <> 'idle by use'
GROUP BY ALL
