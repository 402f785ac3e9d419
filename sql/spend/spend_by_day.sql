-- The ledger brought down to one row per day and target.
-- grain:  source x charge month x charge day x bucket x version x component x element x method x owner
-- params: $month text, $allocated_files list
SELECT
    $month AS billing_month,
    charge_month,
    strftime(ChargePeriodStart, '%Y-%m-%d') AS charge_date,
    source,
    BillingCurrency AS currency,
    bucket,
    model,
    model_version,
    component,
    element,
    method,
    owner,
    cost_centre,
    count(*) AS charges,
    sum(BilledCost) AS billed_cost,
    sum(EffectiveCost) AS effective_cost,
    sum(ContractedCost) AS contracted_cost,
    sum(ListCost) AS list_cost
FROM read_parquet($allocated_files, hive_partitioning = false, union_by_name = true)
GROUP BY ALL
