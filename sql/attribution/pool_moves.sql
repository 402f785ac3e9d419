-- What every member of a pool gains or gives when all pay the pool's one rate: rows like `parts` that
-- move effective cost alone. The rate is the pool's effective cost over its cost before commitments;
-- a member's cost is the difference of two running totals, each worked out by whole units, so that a
-- pool's moves add up to exactly 0.
-- grain:  source, charge_id, bucket, model, model_version, component
-- params: none
WITH units AS (
    SELECT
        *,
        CASE WHEN EffectiveCost < 0 THEN -1 ELSE 1 END
        * (abs(EffectiveCost)::VARCHAR.replace('.', ''))::HUGEINT AS cost
    FROM pool_members
),
running AS (
    SELECT
        *,
        (sum(cost) OVER (PARTITION BY pool))::HUGEINT AS pool_cost,
        (sum(weight) OVER (PARTITION BY pool))::HUGEINT AS pool_weight,
        (sum(weight) OVER (
            PARTITION BY pool
            ORDER BY source, charge_id, bucket, model, model_version, component
            ROWS UNBOUNDED PRECEDING
        ))::HUGEINT AS upto
    FROM units
),
moves AS (
    SELECT
        *,
        (pool_cost // pool_weight * upto + pool_cost % pool_weight * upto // pool_weight)
        - (
            pool_cost // pool_weight * (upto - weight)
            + pool_cost % pool_weight * (upto - weight) // pool_weight
        )
        - cost AS move
    FROM running
    WHERE pool_weight > 0
)
SELECT
    source,
    charge_id,
    link_key,
    bucket,
    model,
    model_version,
    component,
    'adjustment' AS element,
    'policy' AS method,
    'commitment-pool' AS rule_id,
    'commitment pool' AS evidence,
    0::DECIMAL(38, 18) AS BilledCost,
    move::DECIMAL(38, 0) * 0.000000000000000001::DECIMAL(18, 18) AS EffectiveCost,
    0::DECIMAL(38, 18) AS ContractedCost,
    0::DECIMAL(38, 18) AS ListCost,
    CASE WHEN has_no_quantity THEN NULL ELSE 0::DECIMAL(38, 18) END AS ConsumedQuantity
FROM moves
WHERE move <> 0
