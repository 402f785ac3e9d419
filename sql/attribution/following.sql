-- Discounts and refunds that name a resource: they follow that resource's charges.
-- grain:  origin_id (one charge)
-- params: none
SELECT
    row_number() OVER () AS origin_id,
    c.source,
    c.x_ChargeId AS charge_id,
    c.ResourceId AS resource_id,
    coalesce(r.link_key, '') AS link_key,
    c.charge_month,
    c.ChargePeriodStart AS starts_at,
    c.ChargePeriodEnd AS ends_at,
    m.element,
    m.rule_id,
    c.BilledCost,
    c.EffectiveCost,
    c.ContractedCost,
    c.ListCost,
    c.ConsumedQuantity
FROM charges AS c
INNER JOIN signature_meanings AS m
    ON m.provider = coalesce(c.ServiceProviderName, '')
    AND m.service = coalesce(c.x_ServiceCode, c.ServiceName, '')
    AND m.usage_type = coalesce(c.x_UsageType, '')
    AND m.operation = coalesce(c.x_Operation, '')
    AND m.line_item = coalesce(c.x_LineItemType, '')
    AND m.category = coalesce(c.ChargeCategory, '')
    AND m.instance_type = coalesce(c.x_InstanceType, '')
    AND m.product_family = coalesce(c.x_ProductFamily, '')
    AND m.service_name = coalesce(c.ServiceName, '')
LEFT JOIN linked_resources AS r ON r.resource_id = c.ResourceId
WHERE m.is_following AND c.ResourceId <> ''
