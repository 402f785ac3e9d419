-- Where a discount or refund goes that names a resource: where that resource's other charges went in
-- the same period, else in the same month, in proportion to their effective cost.
-- grain:  origin_id, share
-- params: none
WITH sized AS (
    SELECT
        t.source,
        t.resource_id,
        t.charge_month,
        t.ChargePeriodStart AS starts_at,
        t.ChargePeriodEnd AS ends_at,
        t.bucket,
        t.model,
        t.model_version,
        t.component,
        (abs(t.EffectiveCost) * 1000000000)::HUGEINT AS weight
    FROM resource_targets AS t
),
same_period AS (
    SELECT f.origin_id, s.bucket, s.model, s.model_version, s.component, sum(s.weight) AS weight
    FROM following AS f
    INNER JOIN sized AS s
        ON s.source = f.source AND s.resource_id = f.resource_id
        AND s.starts_at = f.starts_at AND s.ends_at = f.ends_at
    WHERE s.weight > 0
    GROUP BY ALL
),
same_month AS (
    SELECT f.origin_id, s.bucket, s.model, s.model_version, s.component, sum(s.weight) AS weight
    FROM following AS f
    ANTI JOIN same_period AS p USING (origin_id)
    INNER JOIN (
        SELECT source, resource_id, charge_month, bucket, model, model_version, component, sum(weight) AS weight
        FROM sized
        WHERE weight > 0
        GROUP BY ALL
    ) AS s
        ON s.source = f.source AND s.resource_id = f.resource_id AND s.charge_month = f.charge_month
    GROUP BY ALL
),
chosen AS (
    SELECT * FROM same_period
    UNION ALL
    SELECT * FROM same_month
)
SELECT
    origin_id,
    row_number() OVER (PARTITION BY origin_id ORDER BY bucket, model, model_version, component) AS share,
    bucket,
    model,
    model_version,
    component,
    CASE WHEN count(*) OVER (PARTITION BY origin_id) = 1 THEN 'direct' ELSE 'usage' END AS method,
    'follows its resource' AS evidence,
    weight::HUGEINT AS weight
FROM chosen
