-- Discounts and refunds that name a resource: they follow that resource's charges.
-- grain:  origin_id (one charge)
-- params: none
SELECT
    row_number() OVER () AS origin_id,
    c.source,
    c.x_ChargeId AS charge_id,
    c.resource_id,
    coalesce(r.link_key, '') AS link_key,
    c.charge_month,
    c.ChargePeriodStart AS starts_at,
    c.ChargePeriodEnd AS ends_at,
    c.element,
    c.rule_id,
    c.BilledCost,
    c.EffectiveCost,
    c.ContractedCost,
    c.ListCost,
    c.ConsumedQuantity
FROM charge_meanings AS c
LEFT JOIN linked_resources AS r ON r.resource_id = c.resource_id
WHERE c.is_following AND c.resource_id <> ''
