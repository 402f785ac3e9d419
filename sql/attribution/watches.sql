-- Every span in which somebody watched: the logs' coverage and the run list's. A source that lists only
-- pods or samples of GPUs sees no requests: it watches nodes, not what is served there.
-- grain:  link_key, watched_from, kind
-- params: none
SELECT
    CASE WHEN c.resource_id = '*' THEN '*' ELSE coalesce(r.link_key, k.resource_key) END AS link_key,
    c.watched_from,
    c.watched_until,
    CASE
        WHEN c.source IN (SELECT source FROM usage WHERE grain IN ('allocation', 'sample'))
            AND c.source NOT IN (SELECT source FROM usage WHERE grain NOT IN ('allocation', 'sample'))
            THEN 'allocation'
        ELSE 'log'
    END AS kind
FROM coverage AS c
LEFT JOIN resource_keys AS k USING (resource_id)
LEFT JOIN linked_resources AS r USING (resource_id)
UNION ALL
SELECT link_key, watched_from, watched_until, kind FROM run_watches
