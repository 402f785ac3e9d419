-- The ledger's rows that share the benefit of commitments at one rate: usage that commitments covered,
-- and on-demand usage of the SKUs they covered. A pool is one payer's usage of one invoice and charge
-- month: every invoice, and either calendar, still adds up to what was exported.
-- grain:  pool, source, charge_id, bucket, model, model_version, component
-- params: none
WITH lines AS (
    SELECT
        dense_rank() OVER (
            ORDER BY source, BillingAccountId, InvoiceIssuerName, InvoiceId, BillingCurrency, charge_month
        ) AS pool,
        source,
        x_ChargeId AS charge_id,
        SkuId,
        CommitmentDiscountId <> '' AND CommitmentDiscountStatus = 'Used' AS is_covered
    FROM charges
    WHERE ChargeCategory = 'Usage' AND ChargeClass IS NULL AND ContractedCost > 0
      AND coalesce(CommitmentDiscountStatus, '') <> 'Unused'
      AND coalesce(PricingCategory, '') <> 'Dynamic'
      AND coalesce(x_UsageType, '') NOT ILIKE '%spot%'
),
covered_skus AS (
    SELECT DISTINCT pool, SkuId FROM lines WHERE is_covered AND SkuId <> ''
),
members AS (
    SELECT pool, source, charge_id FROM lines WHERE is_covered
    UNION ALL
    SELECT l.pool, l.source, l.charge_id
    FROM lines AS l
    SEMI JOIN covered_skus AS c ON c.pool = l.pool AND c.SkuId = l.SkuId
    WHERE l.is_covered IS NOT TRUE
),
targets AS (
    SELECT m.pool, m.source, m.charge_id, '' AS link_key, t.bucket, t.model, t.model_version, t.component,
        t.EffectiveCost, t.ContractedCost, t.ConsumedQuantity
    FROM members AS m
    INNER JOIN plain_targets AS t ON t.source = m.source AND t.x_ChargeId = m.charge_id
    UNION ALL
    SELECT m.pool, m.source, m.charge_id, p.link_key, p.bucket, p.model, p.model_version, p.component,
        p.EffectiveCost, p.ContractedCost, p.ConsumedQuantity
    FROM members AS m
    INNER JOIN parts AS p ON p.source = m.source AND p.charge_id = m.charge_id
)
SELECT
    pool,
    source,
    charge_id,
    min(link_key) AS link_key,
    bucket,
    model,
    model_version,
    component,
    sum(EffectiveCost)::DECIMAL(38, 18) AS EffectiveCost,
    sum(ConsumedQuantity) IS NULL AS has_no_quantity,
    (sum(ContractedCost) * 1000000000)::HUGEINT AS weight
FROM targets
GROUP BY ALL
