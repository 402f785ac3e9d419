-- Split each origin's amounts in proportion to its shares' weights so that the parts add up exactly.
-- Largest remainder in the smallest unit (1e-18), ties to the lower share, negatives by absolute value:
-- the specification is pipelines.money.split. units = q*W + r keeps every product inside HUGEINT for
-- weights that add up to less than 1.3e19. Remainders get the share's number as their last digits, so
-- the units left go to the parts at or above one threshold per origin: a sort of a short list, not of
-- the table.
-- grain:  origin_id, share
-- params: none (tables `origins` and `shares`)
WITH totals AS (
    SELECT origin_id, sum(weight)::HUGEINT AS total FROM shares GROUP BY origin_id HAVING count(*) > 1
),
units AS (
    SELECT
        origin_id,
        t.total,
        CASE WHEN o.BilledCost < 0 THEN -1 ELSE 1 END AS billed_sign,
        CASE WHEN o.EffectiveCost < 0 THEN -1 ELSE 1 END AS effective_sign,
        CASE WHEN o.ContractedCost < 0 THEN -1 ELSE 1 END AS contracted_sign,
        CASE WHEN o.ListCost < 0 THEN -1 ELSE 1 END AS list_sign,
        CASE WHEN o.ConsumedQuantity < 0 THEN -1 ELSE 1 END AS quantity_sign,
        (abs(o.BilledCost)::VARCHAR.replace('.', ''))::HUGEINT AS billed,
        (abs(o.EffectiveCost)::VARCHAR.replace('.', ''))::HUGEINT AS effective,
        (abs(o.ContractedCost)::VARCHAR.replace('.', ''))::HUGEINT AS contracted,
        (abs(o.ListCost)::VARCHAR.replace('.', ''))::HUGEINT AS list,
        (abs(o.ConsumedQuantity)::VARCHAR.replace('.', ''))::HUGEINT AS quantity
    FROM origins AS o
    INNER JOIN totals AS t USING (origin_id)
),
floors AS MATERIALIZED (
    SELECT
        origin_id,
        s.share,
        u.total,
        u.billed_sign,
        u.effective_sign,
        u.contracted_sign,
        u.list_sign,
        u.quantity_sign,
        u.billed // u.total * s.weight + u.billed % u.total * s.weight // u.total AS billed,
        u.effective // u.total * s.weight + u.effective % u.total * s.weight // u.total AS effective,
        u.contracted // u.total * s.weight + u.contracted % u.total * s.weight // u.total AS contracted,
        u.list // u.total * s.weight + u.list % u.total * s.weight // u.total AS list,
        u.quantity // u.total * s.weight + u.quantity % u.total * s.weight // u.total AS quantity,
        u.billed % u.total * s.weight % u.total * 1000000000000 - s.share AS billed_rest,
        u.effective % u.total * s.weight % u.total * 1000000000000 - s.share AS effective_rest,
        u.contracted % u.total * s.weight % u.total * 1000000000000 - s.share AS contracted_rest,
        u.list % u.total * s.weight % u.total * 1000000000000 - s.share AS list_rest,
        u.quantity % u.total * s.weight % u.total * 1000000000000 - s.share AS quantity_rest
    FROM shares AS s
    INNER JOIN units AS u USING (origin_id)
),
left_over AS (
    -- the remainders of an origin add up to its total times the units left
    SELECT
        origin_id,
        (sum(billed_rest) + sum(share)) // 1000000000000 // total AS billed_left,
        (sum(effective_rest) + sum(share)) // 1000000000000 // total AS effective_left,
        (sum(contracted_rest) + sum(share)) // 1000000000000 // total AS contracted_left,
        (sum(list_rest) + sum(share)) // 1000000000000 // total AS list_left,
        (sum(quantity_rest) + sum(share)) // 1000000000000 // total AS quantity_left,
        list(billed_rest) AS billed_rests,
        list(effective_rest) AS effective_rests,
        list(contracted_rest) AS contracted_rests,
        list(list_rest) AS list_rests,
        list(quantity_rest) AS quantity_rests
    FROM floors
    GROUP BY origin_id, total
),
thresholds AS (
    SELECT
        origin_id,
        list_reverse_sort(billed_rests)[billed_left::BIGINT] AS billed,
        list_reverse_sort(effective_rests)[effective_left::BIGINT] AS effective,
        list_reverse_sort(contracted_rests)[contracted_left::BIGINT] AS contracted,
        list_reverse_sort(list_rests)[list_left::BIGINT] AS list,
        list_reverse_sort(quantity_rests)[quantity_left::BIGINT] AS quantity
    FROM left_over
)
SELECT s.origin_id, s.share, o.BilledCost, o.EffectiveCost, o.ContractedCost, o.ListCost, o.ConsumedQuantity
FROM shares AS s
INNER JOIN origins AS o USING (origin_id)
ANTI JOIN totals AS t USING (origin_id)
UNION ALL
SELECT
    f.origin_id,
    f.share,
    (f.billed_sign * (f.billed + coalesce(f.billed_rest >= t.billed, false)::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18),
    (f.effective_sign * (f.effective + coalesce(f.effective_rest >= t.effective, false)::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18),
    (f.contracted_sign * (f.contracted + coalesce(f.contracted_rest >= t.contracted, false)::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18),
    (f.list_sign * (f.list + coalesce(f.list_rest >= t.list, false)::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18),
    (f.quantity_sign * (f.quantity + coalesce(f.quantity_rest >= t.quantity, false)::INT))::DECIMAL(38, 0)
        * 0.000000000000000001::DECIMAL(18, 18)
FROM floors AS f
INNER JOIN thresholds AS t USING (origin_id)
