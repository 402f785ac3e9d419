-- What is in each pool of fees: money, and quantities by which the use of an untold fee is proven.
-- grain:  pool, side, unit
-- params: none (table `gcp_members`)
SELECT
    pool,
    side,
    -- A quantity that is missing proves nothing, so neither does its pool.
    CASE WHEN bool_and(quantity IS NOT NULL) THEN unit END AS unit,
    any_value(currency) AS currency,
    any_value(use) AS use,
    bool_and(is_attributed) AS is_attributed,
    count(*) AS lines,
    sum(money) AS money,
    sum(abs(money)) AS size,
    coalesce(sum(quantity), 0) AS quantity
FROM gcp_members
GROUP BY pool, side, gcp_members.unit
ORDER BY pool, side, gcp_members.unit
