-- The billed and logged resources that the catalogue, a log or container split rows know, and the one
-- key each goes by. A bill, a catalogue and a log may write an endpoint as its ARN or as its bare name:
-- the whole key decides before the last part, the catalogue's spelling before the log's.
-- A run's resource is never an endpoint of the same name, a deployment's never a job.
-- grain:  resource_id
-- params: none
WITH link_keys AS (
    SELECT DISTINCT link_key, kind, split_part(link_key, '/', -1) AS last_part, true AS is_catalogued
    FROM links
    UNION
    SELECT DISTINCT k.resource_key, 'log', '', false
    FROM usage AS u
    INNER JOIN resource_keys AS k USING (resource_id)
    UNION
    SELECT DISTINCT k.resource_key, 'parent', '', false
    FROM split_shares AS s
    INNER JOIN resource_keys AS k ON k.resource_id = s.x_ParentResourceId
),
candidates AS (
    SELECT k.resource_id, l.link_key, l.is_catalogued, 3 AS likeness
    FROM resource_keys AS k
    INNER JOIN link_keys AS l ON l.link_key = k.resource_key
    UNION ALL
    SELECT k.resource_id, l.link_key, l.is_catalogued, 2
    FROM resource_keys AS k
    INNER JOIN link_keys AS l ON l.link_key = k.last_part
    WHERE k.last_part <> k.resource_key
      AND NOT (l.kind IN ('deployment', 'log') AND regexp_matches(k.resource_key, '(^|/)[a-z-]*jobs?/[^/]*$'))
      AND NOT (l.kind = 'run' AND regexp_matches(k.resource_key, '(^|/)[a-z]*endpoint[a-z-]*/[^/]*$'))
    UNION ALL
    -- a log that writes the bare name of what the catalogue has in full
    SELECT k.resource_id, l.link_key, true, 1
    FROM resource_keys AS k
    INNER JOIN link_keys AS l ON l.last_part = k.resource_key
    WHERE l.last_part <> l.link_key AND l.kind IN ('deployment', 'resource')
)
SELECT
    resource_id,
    arg_max(link_key, (is_catalogued, likeness, length(link_key), link_key)) AS link_key
FROM candidates
GROUP BY resource_id
