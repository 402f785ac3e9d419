-- The ledger: every charge where it ended, whole or in exact parts, with its owner.
-- grain:  charge x bucket x model x version x component x element x method x rule x evidence x owner
-- params: $month text, $idle_to_owner boolean
WITH targets AS (
    SELECT charge_month, source, x_ChargeId, CommitmentDiscountId, InvoiceIssuerName, InvoiceId,
        BillingAccountId, SubAccountId, BillingCurrency, ChargePeriodStart, ChargePeriodEnd,
        ChargeCategory, ServiceName, ResourceId, x_UsageType, ConsumedUnit,
        '' AS link_key, bucket, model, model_version, component, element, method, rule_id, evidence,
        BilledCost, EffectiveCost, ContractedCost, ListCost, ConsumedQuantity
    FROM plain_targets
    UNION ALL
    SELECT c.charge_month, c.source, c.x_ChargeId, c.CommitmentDiscountId, c.InvoiceIssuerName, c.InvoiceId,
        c.BillingAccountId, c.SubAccountId, c.BillingCurrency, c.ChargePeriodStart, c.ChargePeriodEnd,
        c.ChargeCategory, c.ServiceName, c.ResourceId, c.x_UsageType, c.ConsumedUnit,
        p.link_key, p.bucket, p.model, p.model_version, p.component, p.element, p.method, p.rule_id,
        p.evidence, p.BilledCost, p.EffectiveCost, p.ContractedCost, p.ListCost, p.ConsumedQuantity
    FROM charges AS c
    INNER JOIN parts AS p ON p.source = c.source AND p.charge_id = c.x_ChargeId
)
SELECT
    $month AS billing_month,
    t.charge_month,
    t.source,
    t.x_ChargeId AS "x_OriginChargeId",
    t.bucket,
    t.model,
    t.model_version,
    t.component,
    t.element,
    t.method,
    t.rule_id,
    t.evidence,
    coalesce(co.owner, o.owner, '') AS owner,
    coalesce(co.cost_centre, o.cost_centre, '') AS cost_centre,
    t.InvoiceIssuerName,
    t.InvoiceId,
    t.BillingAccountId,
    t.SubAccountId,
    t.BillingCurrency,
    t.ChargePeriodStart,
    t.ChargePeriodEnd,
    t.ChargeCategory,
    t.ServiceName,
    t.ResourceId,
    t.x_UsageType,
    t.ConsumedQuantity,
    t.ConsumedUnit,
    t.BilledCost,
    t.EffectiveCost,
    t.ContractedCost,
    t.ListCost
FROM targets AS t
LEFT JOIN commitment_owners AS co
    ON t.bucket = 'commitment'
    AND co.commitment_id = coalesce(nullif(t.CommitmentDiscountId, ''), t.ResourceId)
    AND t.ChargePeriodStart >= co.valid_from AND t.ChargePeriodStart < co.valid_until
LEFT JOIN owners AS o
    ON o.kind = CASE WHEN t.model <> '' THEN 'model' ELSE 'resource' END
    AND o.name = CASE
        WHEN t.model <> '' THEN t.model
        WHEN t.bucket = 'idle' AND $idle_to_owner THEN t.link_key
        ELSE ''
    END
    AND t.ChargePeriodStart >= o.valid_from AND t.ChargePeriodStart < o.valid_until
