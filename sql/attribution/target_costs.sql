-- What every target of the month costs so far, before policies spread anything.
-- grain:  source, BillingAccountId, BillingCurrency, bucket, model, model_version, component
-- params: none
WITH targets AS (
    SELECT source, BillingAccountId, BillingCurrency, bucket, model, model_version, component, EffectiveCost
    FROM plain_targets
    UNION ALL
    SELECT c.source, c.BillingAccountId, c.BillingCurrency, p.bucket, p.model, p.model_version,
        p.component, p.EffectiveCost
    FROM charges AS c
    INNER JOIN parts AS p ON p.source = c.source AND p.charge_id = c.x_ChargeId
)
SELECT source, BillingAccountId, BillingCurrency, bucket, model, model_version, component,
    sum(EffectiveCost) AS EffectiveCost
FROM targets
GROUP BY ALL
