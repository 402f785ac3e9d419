-- What each commitment of the month cost, what it covered, what of it was not used, and what usage of
-- the SKUs it covered was paid on demand beside it.
-- grain:  source, provider, commitment_id, commitment_type, currency
-- params: $month text, $charges_files list
WITH charges AS (
    SELECT
        source,
        ServiceProviderName AS provider,
        BillingAccountId,
        SubAccountId,
        BillingCurrency AS currency,
        ChargeCategory,
        SkuId,
        PricingCategory,
        x_UsageType,
        nullif(CommitmentDiscountId, '') AS commitment_id,
        coalesce(CommitmentDiscountType, CommitmentDiscountCategory, '') AS commitment_type,
        CommitmentDiscountName,
        CommitmentDiscountStatus AS status,
        CommitmentDiscountQuantity AS quantity,
        CommitmentDiscountUnit AS unit,
        BilledCost,
        EffectiveCost,
        ContractedCost,
        ListCost
    FROM read_parquet($charges_files, hive_partitioning = false, union_by_name = true)
),
sums AS (
    SELECT
        source,
        provider,
        commitment_id,
        commitment_type,
        currency,
        max(CommitmentDiscountName) AS commitment_name,
        count(DISTINCT SubAccountId) FILTER (WHERE status = 'Used') AS accounts_covered,
        coalesce(sum(BilledCost) FILTER (WHERE ChargeCategory = 'Purchase'), 0) AS purchased_cost,
        coalesce(sum(EffectiveCost) FILTER (WHERE status = 'Used'), 0) AS used_effective_cost,
        coalesce(sum(EffectiveCost) FILTER (WHERE status = 'Unused'), 0) AS unused_effective_cost,
        coalesce(sum(ListCost) FILTER (WHERE status = 'Used'), 0) AS covered_list_cost,
        coalesce(sum(ContractedCost) FILTER (WHERE status = 'Used'), 0) AS covered_contracted_cost,
        sum(quantity) FILTER (WHERE status = 'Used') AS used_quantity,
        sum(quantity) FILTER (WHERE status = 'Unused') AS unused_quantity,
        count(DISTINCT unit) FILTER (WHERE status IS NOT NULL) AS units,
        min(unit) FILTER (WHERE status IS NOT NULL) AS unit
    FROM charges
    WHERE commitment_id IS NOT NULL
    GROUP BY ALL
),
covered_skus AS (
    SELECT DISTINCT source, provider, commitment_id, commitment_type, currency, BillingAccountId, SkuId
    FROM charges
    WHERE commitment_id IS NOT NULL AND status = 'Used' AND SkuId <> ''
),
on_demand AS (
    -- without spot: its price is no commitment's alternative
    SELECT source, provider, currency, BillingAccountId, SkuId, sum(ListCost) AS ListCost
    FROM charges
    WHERE commitment_id IS NULL AND ChargeCategory = 'Usage' AND SkuId <> ''
      AND coalesce(PricingCategory, '') NOT IN ('Dynamic', 'Committed')
      AND coalesce(x_UsageType, '') NOT ILIKE '%spot%'
    GROUP BY ALL
),
eligible AS (
    SELECT c.source, c.provider, c.commitment_id, c.commitment_type, c.currency,
        coalesce(sum(o.ListCost), 0) AS eligible_on_demand_cost
    FROM covered_skus AS c
    LEFT JOIN on_demand AS o
        ON o.source = c.source AND o.provider = c.provider AND o.currency = c.currency
        AND o.SkuId = c.SkuId AND o.BillingAccountId IS NOT DISTINCT FROM c.BillingAccountId
    GROUP BY ALL
)
SELECT
    $month AS billing_month,
    s.source,
    s.provider,
    s.commitment_id,
    s.commitment_type,
    s.commitment_name,
    s.currency,
    s.accounts_covered,
    s.purchased_cost,
    s.used_effective_cost,
    s.unused_effective_cost,
    s.covered_list_cost,
    s.covered_contracted_cost,
    e.eligible_on_demand_cost,
    CASE WHEN s.units = 1 THEN s.used_quantity END AS used_quantity,
    CASE WHEN s.units = 1 THEN s.unused_quantity END AS unused_quantity,
    CASE WHEN s.units = 1 THEN s.unit END AS quantity_unit
FROM sums AS s
LEFT JOIN eligible AS e USING (source, provider, commitment_id, commitment_type, currency)
ORDER BY ALL
