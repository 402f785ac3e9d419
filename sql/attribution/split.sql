-- Split each origin's amounts in proportion to its shares' weights so that the parts add up exactly.
-- Largest remainder in the smallest unit (1e-18), ties to the lower share, negatives by absolute value:
-- the specification is pipelines.money.split. u = q*W + r keeps every product inside HUGEINT for weights
-- that add up to less than 1.3e19.
-- grain:  origin_id, share
-- params: none (tables `origins` and `shares`)
WITH totals AS (
    SELECT origin_id, sum(weight)::HUGEINT AS total, count(*) AS n FROM shares GROUP BY origin_id
),
units AS (
    SELECT
        s.origin_id,
        s.share,
        s.weight,
        t.total,
        t.n,
        o.BilledCost,
        o.EffectiveCost,
        o.ContractedCost,
        o.ListCost,
        o.ConsumedQuantity,
        (abs(o.BilledCost)::VARCHAR.replace('.', ''))::HUGEINT AS billed,
        (abs(o.EffectiveCost)::VARCHAR.replace('.', ''))::HUGEINT AS effective,
        (abs(o.ContractedCost)::VARCHAR.replace('.', ''))::HUGEINT AS contracted,
        (abs(o.ListCost)::VARCHAR.replace('.', ''))::HUGEINT AS list,
        (abs(o.ConsumedQuantity)::VARCHAR.replace('.', ''))::HUGEINT AS quantity
    FROM shares AS s
    INNER JOIN totals AS t USING (origin_id)
    INNER JOIN origins AS o USING (origin_id)
),
floors AS (
    SELECT
        *,
        billed // total * weight + billed % total * weight // total AS billed_part,
        billed % total * weight % total AS billed_rest,
        effective // total * weight + effective % total * weight // total AS effective_part,
        effective % total * weight % total AS effective_rest,
        contracted // total * weight + contracted % total * weight // total AS contracted_part,
        contracted % total * weight % total AS contracted_rest,
        list // total * weight + list % total * weight // total AS list_part,
        list % total * weight % total AS list_rest,
        quantity // total * weight + quantity % total * weight // total AS quantity_part,
        quantity % total * weight % total AS quantity_rest
    FROM units
    WHERE n > 1
),
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY origin_id ORDER BY billed_rest DESC, share)
            <= billed - sum(billed_part) OVER (PARTITION BY origin_id) AS billed_up,
        row_number() OVER (PARTITION BY origin_id ORDER BY effective_rest DESC, share)
            <= effective - sum(effective_part) OVER (PARTITION BY origin_id) AS effective_up,
        row_number() OVER (PARTITION BY origin_id ORDER BY contracted_rest DESC, share)
            <= contracted - sum(contracted_part) OVER (PARTITION BY origin_id) AS contracted_up,
        row_number() OVER (PARTITION BY origin_id ORDER BY list_rest DESC, share)
            <= list - sum(list_part) OVER (PARTITION BY origin_id) AS list_up,
        row_number() OVER (PARTITION BY origin_id ORDER BY quantity_rest DESC, share)
            <= quantity - sum(quantity_part) OVER (PARTITION BY origin_id) AS quantity_up
    FROM floors
)
SELECT origin_id, share, BilledCost, EffectiveCost, ContractedCost, ListCost, ConsumedQuantity
FROM units
WHERE n = 1
UNION ALL
SELECT
    origin_id,
    share,
    (CASE WHEN BilledCost < 0 THEN -1 ELSE 1 END * (billed_part + billed_up::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18),
    (CASE WHEN EffectiveCost < 0 THEN -1 ELSE 1 END * (effective_part + effective_up::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18),
    (CASE WHEN ContractedCost < 0 THEN -1 ELSE 1 END * (contracted_part + contracted_up::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18),
    (CASE WHEN ListCost < 0 THEN -1 ELSE 1 END * (list_part + list_up::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18),
    (CASE WHEN ConsumedQuantity < 0 THEN -1 ELSE 1 END * (quantity_part + quantity_up::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18)
FROM ranked
