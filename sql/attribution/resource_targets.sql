-- Where the charges of the resources went that discounts and refunds follow.
-- grain:  source, charge, bucket, model, model_version, component
-- params: none
WITH wanted AS (
    SELECT DISTINCT source, resource_id FROM following
),
targets AS (
    SELECT source, x_ChargeId, coalesce(nullif(AllocatedResourceId, ''), ResourceId) AS resource_id,
        charge_month, ChargePeriodStart, ChargePeriodEnd,
        bucket, model, model_version, component, EffectiveCost
    FROM plain_targets
    UNION ALL
    SELECT c.source, c.x_ChargeId, coalesce(nullif(c.AllocatedResourceId, ''), c.ResourceId),
        c.charge_month, c.ChargePeriodStart, c.ChargePeriodEnd,
        p.bucket, p.model, p.model_version, p.component, p.EffectiveCost
    FROM charges AS c
    INNER JOIN parts AS p ON p.source = c.source AND p.charge_id = c.x_ChargeId
)
SELECT t.*
FROM targets AS t
SEMI JOIN wanted AS w ON w.source = t.source AND w.resource_id = t.resource_id
ANTI JOIN following AS f ON f.source = t.source AND f.charge_id = t.x_ChargeId
WHERE t.bucket NOT IN ('overhead', 'commitment')
