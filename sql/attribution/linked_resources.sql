-- The billed resources that the catalogue, a log or container split rows know, by whole key or by its
-- last part.
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
    SELECT
        k.resource_id,
        l.link_key,
        l.kind,
        l.link_key = k.resource_key AS is_whole
    FROM resource_keys AS k
    INNER JOIN link_keys AS l
        ON l.link_key = k.resource_key OR l.link_key = k.last_part
    WHERE NOT (l.kind IN ('deployment', 'log') AND k.resource_key <> l.link_key
               AND regexp_matches(k.resource_key, '^[a-z-]*job[a-z-]*/'))
      AND NOT (l.kind = 'run' AND k.resource_key <> l.link_key
               AND regexp_matches(k.resource_key, '^endpoint[a-z-]*/'))
)
SELECT
    resource_id,
    arg_max(link_key, (is_whole, length(link_key), link_key)) AS link_key
FROM candidates
GROUP BY resource_id
