-- The billed or logged resources that the catalogue, a log or container split rows know: by whole key,
-- by its last part (`endpoint/rank` for the catalogue's `rank`), or by the catalogue's last part (a log's
-- `rank` for the catalogue's `endpoint/rank`). The catalogue goes before a log, the whole before a part.
-- A run's resource is never an endpoint of the same name, a deployment's never a job.
-- grain:  resource_id
-- params: none
WITH link_keys AS (
    SELECT DISTINCT link_key, kind FROM links
    UNION
    SELECT DISTINCT k.resource_key, 'log'
    FROM usage AS u
    INNER JOIN resource_keys AS k USING (resource_id)
    UNION
    SELECT DISTINCT k.resource_key, 'parent'
    FROM split_shares AS s
    INNER JOIN resource_keys AS k ON k.resource_id = s.x_ParentResourceId
),
candidates AS (
    SELECT k.resource_id, l.link_key, l.kind, 3 AS closeness
    FROM resource_keys AS k
    INNER JOIN link_keys AS l ON l.link_key = k.resource_key
    UNION ALL
    SELECT k.resource_id, l.link_key, l.kind, 2
    FROM resource_keys AS k
    INNER JOIN link_keys AS l ON l.link_key = k.last_part
    WHERE k.resource_key <> k.last_part
      AND NOT (l.kind IN ('deployment', 'log') AND regexp_matches(k.resource_key, '^[a-z-]*job[a-z-]*/'))
      AND NOT (l.kind = 'run' AND regexp_matches(k.resource_key, '^endpoint[a-z-]*/'))
    UNION ALL
    SELECT k.resource_id, l.link_key, l.kind, 1
    FROM resource_keys AS k
    INNER JOIN link_keys AS l ON split_part(l.link_key, '/', -1) = k.resource_key
    WHERE l.kind = 'deployment' AND l.link_key <> k.resource_key
)
SELECT
    resource_id,
    arg_max(link_key, (kind <> 'log', closeness, length(link_key), link_key)) AS link_key
FROM candidates
GROUP BY resource_id
