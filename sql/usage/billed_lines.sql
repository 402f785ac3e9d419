-- The month's AI usage as the ledger booked it, beside the texts that tell what the bill counts.
-- A charge that the ledger split comes once per target, each with its exact part of the quantity.
-- Only days of the month itself that are billed completely: of others a bill shows a part.
-- grain:  starts_at, ends_at, resource_id, bucket, model, model_version, component, element, rule_id,
--         instance_type, currency and the texts of the line
-- params: $charges_files list, $allocated_files list, $month_start timestamp, $until timestamp
WITH booked AS (
    SELECT
        source,
        x_OriginChargeId AS charge_id,
        bucket,
        model,
        model_version,
        component,
        element,
        rule_id,
        BillingCurrency AS currency,
        ConsumedQuantity,
        EffectiveCost
    FROM read_parquet($allocated_files, hive_partitioning = false, union_by_name = true)
    WHERE bucket NOT IN ('not_ai', 'overhead', 'commitment')
      AND element IN ('hardware', 'managed_api', 'marketplace', 'bandwidth')
      AND ChargeCategory = 'Usage'
      AND ConsumedQuantity IS NOT NULL
      AND ChargePeriodStart >= $month_start AND ChargePeriodStart < $until
),
described AS (
    SELECT
        source,
        x_ChargeId AS charge_id,
        ServiceProviderName AS provider,
        coalesce(nullif(AllocatedResourceId, ''), ResourceId, '') AS resource_id,
        ChargePeriodStart AS starts_at,
        greatest(ChargePeriodEnd, ChargePeriodStart + INTERVAL 1 MICROSECOND) AS ends_at,
        coalesce(x_UsageType, SkuMeter, '') AS usage_type,
        CASE WHEN SkuMeter <> x_UsageType THEN SkuMeter ELSE '' END AS meter,
        CASE WHEN x_UsageType LIKE '%MP:%' THEN coalesce(ChargeDescription, '') ELSE '' END AS description,
        CASE
            WHEN len(string_split(ResourceId, ';')) >= 5 THEN string_split(ResourceId, ';')[4]
            WHEN ServiceProviderName ILIKE 'ali%' THEN coalesce(SkuMeter, x_UsageType, '')
            ELSE ''
        END AS amount,
        coalesce(details ->> '$.TokenDirection', details ->> '$.x_TokenDirection', '') AS direction,
        coalesce(details ->> '$.TokenCacheAction', details ->> '$.x_TokenCacheAction', '') AS cache,
        coalesce(ConsumedUnit, '') AS unit,
        coalesce(x_InstanceType, '') AS instance_type
    FROM (
        SELECT *, CASE WHEN json_valid(SkuPriceDetails) THEN SkuPriceDetails END AS details
        FROM read_parquet($charges_files, hive_partitioning = false, union_by_name = true)
    )
    WHERE ChargeCategory = 'Usage' AND ConsumedQuantity IS NOT NULL
      AND ChargePeriodStart >= $month_start AND ChargePeriodStart < $until
)
SELECT
    d.provider,
    CASE WHEN b.element IN ('hardware', 'managed_api') THEN d.resource_id ELSE '' END AS resource_id,
    d.starts_at,
    d.ends_at,
    b.bucket,
    b.model,
    b.model_version,
    coalesce(b.component, '') AS component,
    b.element,
    b.rule_id,
    b.currency,
    d.usage_type,
    d.meter,
    d.description,
    d.amount,
    d.direction,
    d.cache,
    d.unit,
    CASE WHEN b.element = 'hardware' THEN d.instance_type ELSE '' END AS instance_type,
    sum(b.ConsumedQuantity) AS quantity,
    sum(b.EffectiveCost) AS effective_cost
FROM booked AS b
INNER JOIN described AS d USING (source, charge_id)
GROUP BY ALL
