-- What each version's terms cost, at list too, and how many billed units they took, by usage type.
-- Without tax and credits; without idle and overhead that a policy spread, because the notional share
-- of idle is added to every version by the same key whoever bears it, and overhead has its own lines.
-- grain:  charge_month, model, model_version, component, element, usage_type, currency, unit
-- params: $allocated_files list
SELECT
    charge_month,
    model,
    model_version,
    component,
    element,
    coalesce(x_UsageType, '') AS usage_type,
    BillingCurrency AS currency,
    coalesce(ConsumedUnit, '') AS unit,
    sum(EffectiveCost) AS cost,
    sum(ListCost) AS list_cost,
    sum(ConsumedQuantity) AS quantity
FROM read_parquet($allocated_files, hive_partitioning = false, union_by_name = true)
WHERE bucket IN ('model_version', 'model')
  AND ChargeCategory NOT IN ('Tax', 'Credit')
  AND evidence NOT IN ('idle by use', 'overhead by cost')
GROUP BY ALL
ORDER BY ALL
