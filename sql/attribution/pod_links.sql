-- Which version each logged pod works for, as links: deployments and runs whose resource is a pattern
-- that the pod matches, else what the catalogue's names and workloads say of it. A pod of a version
-- that is not served yet trains it.
-- grain:  link_key (the pod), kind, model, model_version, component, valid_from
-- params: none
WITH pods AS (
    SELECT
        model,
        model_version,
        lower(trim(model)) || CASE WHEN model_version = '' THEN '' ELSE '/' || lower(trim(model_version)) END
            AS pod_key,
        min(hour) AS first_hour
    FROM usage
    WHERE grain IN ('allocation', 'sample') AND model <> ''
    GROUP BY ALL
),
matching AS (
    SELECT DISTINCT p.pod_key, l.*, length(replace(replace(l.link_key, '*', ''), '?', '')) AS likeness
    FROM links AS l
    INNER JOIN (SELECT DISTINCT pod_key FROM pods) AS p
        ON regexp_full_match(
            p.pod_key, replace(replace(regexp_escape(l.link_key), '\*', '.*'), '\?', '.')
        )
    WHERE l.kind IN ('deployment', 'run') AND (contains(l.link_key, '*') OR contains(l.link_key, '?'))
),
by_pattern AS (
    -- while a pod is also meant by its own name or by more of it, the wider pattern does not mean it
    SELECT m.* EXCLUDE (link_key, likeness)
    FROM matching AS m
    ANTI JOIN matching AS n
        ON n.pod_key = m.pod_key AND n.likeness > m.likeness
        AND n.valid_from < m.valid_until AND n.valid_until > m.valid_from
    ANTI JOIN links AS l
        ON l.link_key = m.pod_key AND l.kind IN ('deployment', 'run')
        AND l.valid_from < m.valid_until AND l.valid_until > m.valid_from
),
named AS (
    SELECT p.pod_key, n.model, n.model_version, n.valid_from, n.valid_until, min(p.first_hour) AS first_hour
    FROM pods AS p
    INNER JOIN log_names AS n ON n.log_model = p.model AND n.log_version = p.model_version
    ANTI JOIN (
        SELECT pod_key AS link_key FROM by_pattern
        UNION
        SELECT link_key FROM links WHERE kind IN ('deployment', 'run')
    ) AS l ON l.link_key = p.pod_key
    WHERE n.is_known AND n.model_version <> ''
    GROUP BY ALL
),
parts AS (
    SELECT n.*, 'run' AS kind, b.component, n.valid_from AS starts, least(n.valid_until, b.served_from) AS ends
    FROM named AS n
    INNER JOIN version_beginnings AS b USING (model, model_version)
    WHERE n.first_hour < b.served_from
    UNION ALL
    SELECT n.*, 'deployment', 'inference',
        greatest(n.valid_from, coalesce(b.served_from, n.valid_from)), n.valid_until
    FROM named AS n
    LEFT JOIN version_beginnings AS b USING (model, model_version)
)
SELECT pod_key AS link_key, kind, model, model_version, component, valid_from, valid_until, replicas, weight
FROM by_pattern
UNION ALL
SELECT pod_key, kind, model, model_version, component, starts, ends, 1000, NULL
FROM parts
WHERE starts < ends
