-- Overhead spread over everything else of the same payer and currency, by effective cost.
-- grain:  origin_id, share
-- params: none
SELECT
    o.origin_id,
    row_number() OVER (
        PARTITION BY o.origin_id ORDER BY c.bucket, c.model, c.model_version, c.component
    ) AS share,
    c.bucket,
    c.model,
    c.model_version,
    c.component,
    'policy' AS method,
    'overhead by cost' AS evidence,
    (c.EffectiveCost * 1000000)::HUGEINT AS weight
FROM overhead_charges AS o
INNER JOIN target_costs AS c
    ON c.source = o.source AND c.BillingCurrency = o.BillingCurrency
    AND c.BillingAccountId IS NOT DISTINCT FROM o.BillingAccountId
WHERE c.bucket NOT IN ('overhead', 'commitment') AND c.EffectiveCost >= 0.000001
