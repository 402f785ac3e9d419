-- Who stands behind a shared pool: every version the catalogue links to the resource in the month.
-- grain:  link_key, model, model_version, component
-- params: $month_start, $month_end timestamp, $by_cost boolean
WITH candidates AS (
    SELECT DISTINCT link_key, model, model_version, component
    FROM links
    WHERE kind IN ('deployment', 'run', 'artefact')
      AND coalesce(valid_from < $month_end, true) AND coalesce(valid_until > $month_start, true)
),
costs AS (
    SELECT model, model_version, greatest(0, sum(EffectiveCost) * 1000000)::HUGEINT AS cost
    FROM target_costs
    WHERE bucket IN ('model_version', 'model')
    GROUP BY ALL
),
weighed AS (
    SELECT c.*, CASE WHEN $by_cost THEN coalesce(k.cost, 0) ELSE 1 END AS weight
    FROM candidates AS c
    LEFT JOIN costs AS k USING (model, model_version)
)
SELECT
    link_key,
    CASE WHEN model_version = '' THEN 'model' ELSE 'model_version' END AS bucket,
    model,
    model_version,
    component,
    -- nobody has a cost of its own: evenly
    CASE WHEN sum(weight) OVER (PARTITION BY link_key) > 0 THEN weight ELSE 1 END::HUGEINT AS weight
FROM weighed
