-- The parts of split charges with their ratios, in units of 1e-12, that add up to exactly 1e12 per charge.
-- A part's weight is its effective cost, or the first of billed, contracted and list cost and
-- quantity that is not zero in all parts; where all are zero, every part weighs the same. Largest
-- remainder, ties by the row's key (pipelines.money.split is the specification). Two divisions of six digits
-- keep every product inside HUGEINT. `ratio_before` is the sum of the ratios of the parts before: what
-- is not in the ledger is cut at these marks, so that it adds up too.
-- grain:  allocated charge of a split charge
-- params: none (view `allocated`, table `split_origins`)
WITH parts AS (
    SELECT
        a.*,
        sum(abs(a."EffectiveCost")) OVER origin AS effective,
        sum(abs(a."BilledCost")) OVER origin AS billed,
        sum(abs(a."ContractedCost")) OVER origin AS contracted,
        sum(abs(a."ListCost")) OVER origin AS list,
        sum(abs(a."ConsumedQuantity")) OVER origin AS quantity
    FROM allocated AS a
    SEMI JOIN split_origins AS o ON o.source = a.source AND o."x_OriginChargeId" = a."x_OriginChargeId"
    WINDOW origin AS (PARTITION BY a.source, a."x_OriginChargeId")
),
weighed AS (
    SELECT
        * EXCLUDE (effective, billed, contracted, list, quantity),
        replace((CASE
            WHEN effective <> 0 THEN abs("EffectiveCost")
            WHEN billed <> 0 THEN abs("BilledCost")
            WHEN contracted <> 0 THEN abs("ContractedCost")
            WHEN list <> 0 THEN abs("ListCost")
            WHEN quantity <> 0 THEN abs(coalesce("ConsumedQuantity", 0))
            ELSE 1
        END)::DECIMAL(38, 18)::VARCHAR, '.', '')::HUGEINT AS weight
    FROM parts
),
totalled AS (
    SELECT
        *,
        (sum(weight) OVER (PARTITION BY source, "x_OriginChargeId"))::HUGEINT AS total
    FROM weighed
),
floors AS (
    SELECT
        * EXCLUDE (weight, total),
        weight * 1000000 // total * 1000000 + weight * 1000000 % total * 1000000 // total AS floor_units,
        weight * 1000000 % total * 1000000 % total AS remainder
    FROM totalled
),
placed AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY source, "x_OriginChargeId"
            ORDER BY remainder DESC, bucket, model, model_version, component, element, method, rule_id,
                evidence, owner
        ) AS place,
        1000000000000 - sum(floor_units) OVER (PARTITION BY source, "x_OriginChargeId") AS units_left
    FROM floors
),
rounded AS (
    SELECT
        * EXCLUDE (floor_units, remainder, units_left),
        (floor_units + (place <= units_left)::INT)::HUGEINT AS ratio
    FROM placed
)
SELECT
    * EXCLUDE (place),
    (sum(ratio) OVER (PARTITION BY source, "x_OriginChargeId" ORDER BY place) - ratio)::HUGEINT AS ratio_before
FROM rounded
