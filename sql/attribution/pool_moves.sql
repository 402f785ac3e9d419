-- What every member of a pool gains or gives when all pay the pool's one rate: rows like `parts` that
-- move effective cost alone. The rate is the pool's effective cost over its cost before commitments.
-- Each member pays the floor of its share in the smallest unit; the few units left, fewer than the
-- pool has members, are the largest member's, so that a pool's moves add up to exactly 0.
-- grain:  source, charge_id, bucket, model, model_version, component
-- params: none
WITH units AS (
    SELECT
        *,
        CASE WHEN EffectiveCost < 0 THEN -1 ELSE 1 END
        * (abs(EffectiveCost)::VARCHAR.replace('.', ''))::HUGEINT AS cost
    FROM pool_members
),
pools AS (
    SELECT pool, sum(cost)::HUGEINT AS pool_cost, sum(weight)::HUGEINT AS pool_weight,
        arg_max(member_id, (weight, source, charge_id, bucket, model, model_version, component)) AS largest
    FROM units
    GROUP BY pool
),
shares AS (
    SELECT
        u.*,
        p.pool_cost,
        p.largest,
        p.pool_cost // p.pool_weight * u.weight + p.pool_cost % p.pool_weight * u.weight // p.pool_weight
            AS paid
    FROM units AS u
    INNER JOIN pools AS p USING (pool)
    WHERE p.pool_weight > 0
),
left_over AS (
    SELECT largest, any_value(pool_cost) - sum(paid)::HUGEINT AS units FROM shares GROUP BY largest
),
moves AS (
    SELECT s.*, s.paid + coalesce(l.units, 0) - s.cost AS move
    FROM shares AS s
    LEFT JOIN left_over AS l ON l.largest = s.member_id
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
