-- The ledger's rows that share the benefit of commitments at one rate: usage that commitments covered,
-- and on-demand usage of the SKUs they covered. A pool is one payer's usage of one invoice and charge
-- month: every invoice, and either calendar, still adds up to what was exported.
-- grain:  member_id (source, charge_id, bucket, model, model_version, component)
-- params: none
WITH covered AS (
    SELECT source, BillingAccountId, InvoiceIssuerName, InvoiceId, BillingCurrency, charge_month, SkuId
    FROM charges
    WHERE CommitmentDiscountId <> '' AND CommitmentDiscountStatus = 'Used'
    GROUP BY ALL
),
pools AS (
    SELECT row_number() OVER () AS pool, *
    FROM (SELECT DISTINCT * EXCLUDE (SkuId) FROM covered)
),
lines AS (
    SELECT
        p.pool,
        c.source,
        c.x_ChargeId AS charge_id,
        c.SkuId,
        c.CommitmentDiscountId <> '' AND c.CommitmentDiscountStatus = 'Used' AS is_covered
    FROM charges AS c
    INNER JOIN pools AS p
        ON p.source = c.source
        AND p.BillingAccountId IS NOT DISTINCT FROM c.BillingAccountId
        AND p.InvoiceIssuerName IS NOT DISTINCT FROM c.InvoiceIssuerName
        AND p.InvoiceId IS NOT DISTINCT FROM c.InvoiceId
        AND p.BillingCurrency = c.BillingCurrency
        AND p.charge_month = c.charge_month
    WHERE c.ChargeCategory = 'Usage' AND c.ChargeClass IS NULL AND c.ContractedCost > 0
      AND coalesce(c.CommitmentDiscountStatus, '') <> 'Unused'
      AND coalesce(c.PricingCategory, '') <> 'Dynamic'
      AND coalesce(c.x_UsageType, '') NOT ILIKE '%spot%'
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
SELECT row_number() OVER () AS member_id, *
FROM (
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
)
