-- Each resource's idle time and cost of the month, summed for the share of it that every version is shown.
-- grain:  origin_id (source x charge month x resource x element x usage type x currency x unit)
-- params: none
WITH sums AS (
    SELECT
        c.source,
        c.charge_month,
        p.link_key,
        p.element,
        coalesce(c.x_UsageType, '') AS usage_type,
        c.BillingCurrency AS currency,
        coalesce(c.ConsumedUnit, '') AS unit,
        sum(p.EffectiveCost) AS EffectiveCost,
        sum(p.ListCost) AS ListCost,
        sum(p.ConsumedQuantity) AS ConsumedQuantity
    FROM parts AS p
    INNER JOIN charges AS c ON c.source = p.source AND c.x_ChargeId = p.charge_id
    WHERE p.bucket = 'idle' AND p.link_key IN (SELECT link_key FROM keys)
    GROUP BY ALL
)
SELECT
    row_number() OVER (
        ORDER BY source, charge_month, link_key, element, usage_type, currency, unit
    ) AS origin_id,
    *,
    0::DECIMAL(38, 18) AS BilledCost,
    0::DECIMAL(38, 18) AS ContractedCost
FROM sums
