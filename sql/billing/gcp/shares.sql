-- The used part of each pool's fees, spread over the usage it covered and over the fees themselves.
-- Largest remainder in the smallest unit (1e-18), as pipelines.money.split; a weight may be
-- negative (usage that a correction takes back), so parts are rounded down, not towards zero.
-- units = q*total + r keeps every product inside HUGEINT.
-- grain:  side, line_number, use
-- params: none (tables `gcp_members`, `gcp_pools`)
WITH weighed AS (
    SELECT
        members.*,
        pools.used,
        gcp_units(members.money) // pools.divisor AS weight
    FROM gcp_members AS members
    INNER JOIN gcp_pools AS pools ON members.pool = pools.pool AND members.side = pools.side
    WHERE pools.used <> 0 AND NOT (members.side = 'fee' AND pools.is_whole)
),

totals AS (
    SELECT
        pool,
        side,
        gcp_units(any_value(used)) AS units,
        sum(weight)::HUGEINT AS total
    FROM weighed
    GROUP BY pool, side
),

rounded_down AS (
    SELECT
        weighed.side,
        weighed.line_number,
        weighed.use,
        weighed.pool,
        weighed.line_key,
        weighed.line_order,
        totals.units,
        totals.total,
        totals.units % totals.total * weighed.weight AS product,
        totals.units // totals.total * weighed.weight
        + CASE
            WHEN weighed.weight >= 0 THEN product // totals.total
            ELSE -((totals.total - 1 - product) // totals.total)
        END AS units_down,
        product
        - totals.total * (units_down - totals.units // totals.total * weighed.weight) AS remainder
    FROM weighed
    INNER JOIN totals ON weighed.pool = totals.pool AND weighed.side = totals.side
),

ranked AS (
    SELECT
        *,
        units - sum(units_down) OVER (PARTITION BY pool, side) AS units_left,
        row_number() OVER (
            PARTITION BY pool, side
            ORDER BY remainder DESC, line_key, line_order, line_number
        ) AS place
    FROM rounded_down
)

SELECT
    side,
    line_number,
    use,
    pool,
    (units_down + (place <= units_left)::INTEGER)::DECIMAL(38, 0)
    * 0.000000000000000001::DECIMAL(18, 18) AS share
FROM ranked
