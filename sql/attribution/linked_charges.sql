-- The charges whose resource worked for somebody the catalogue or a log names, and how each is split.
-- grain:  origin_id (one charge)
-- params: none
SELECT
    row_number() OVER () AS origin_id,
    c.source,
    c.x_ChargeId AS charge_id,
    c.ResourceId AS resource_id,
    r.link_key,
    m.split,
    m.element,
    m.component,
    m.rule_id,
    m.milli_gpus,
    date_trunc('hour', c.ChargePeriodStart) AS first_hour,
    date_trunc('hour', greatest(
        c.ChargePeriodStart, c.ChargePeriodEnd - INTERVAL 1 MICROSECOND
    )) AS last_hour,
    c.ChargePeriodStart AS starts_at,
    c.ChargePeriodEnd AS ends_at,
    CASE
        WHEN c.ChargeClass IS NOT NULL OR m.split <> 'capacity' OR m.element <> 'hardware' THEN NULL
        WHEN regexp_matches(c.ConsumedUnit, '^(hr|hour)', 'i')
            THEN (c.ConsumedQuantity * 3600000000)::HUGEINT
        WHEN regexp_matches(c.ConsumedUnit, '^sec', 'i') THEN (c.ConsumedQuantity * 1000000)::HUGEINT
    END AS machine_us,
    c.ResourceId LIKE 'i-%' AS is_one_machine,
    c.BilledCost,
    c.EffectiveCost,
    c.ContractedCost,
    c.ListCost,
    c.ConsumedQuantity
FROM charges AS c
INNER JOIN linked_resources AS r ON r.resource_id = c.ResourceId
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
WHERE m.bucket = '' AND NOT m.is_following
