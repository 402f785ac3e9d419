-- Who claims a resource that works for its model at all times: artefacts, and resources of one model.
-- A bucket of several models is split by the inventory's sizes, else it is a shared pool.
-- grain:  link_key, bucket, model, model_version
-- params: none
WITH artefacts AS (
    SELECT link_key, model, model_version, sum(weight) AS weight
    FROM links
    WHERE kind = 'artefact'
    GROUP BY ALL
),
totals AS (
    SELECT
        link_key,
        count(*) AS claimants,
        count(DISTINCT model) AS models,
        min(weight) AS least,
        min(model) AS model,
        min(model_version) AS model_version
    FROM artefacts
    GROUP BY link_key
)
SELECT
    a.link_key,
    CASE WHEN a.model_version = '' THEN 'model' ELSE 'model_version' END AS bucket,
    a.model,
    a.model_version,
    'storage' AS component,
    CASE WHEN t.claimants = 1 THEN 'direct' ELSE 'usage' END AS method,
    CASE WHEN t.claimants = 1 THEN 'artefact' ELSE 'inventory' END AS evidence,
    CASE WHEN t.claimants = 1 THEN 1 ELSE a.weight END::HUGEINT AS weight
FROM artefacts AS a
INNER JOIN totals AS t USING (link_key)
WHERE t.claimants = 1 OR t.least > 0
UNION ALL
SELECT
    link_key,
    CASE WHEN models = 1 THEN 'model' ELSE 'shared_pool' END,
    CASE WHEN models = 1 THEN model ELSE '' END,
    '',
    CASE WHEN models = 1 THEN 'storage' ELSE '' END,
    'not_measured',
    'artefacts without sizes',
    1
FROM totals
WHERE claimants > 1 AND least = 0
UNION ALL
SELECT r.link_key, 'model', min(r.model), '', '', 'direct', 'resource', 1
FROM links AS r
WHERE r.kind = 'resource' AND r.link_key NOT IN (SELECT link_key FROM artefacts)
GROUP BY r.link_key
