-- Each record and the one of a better log that has the same id: of several attempts with one id the
-- one that succeeded, else the last. Ids are taken for the same call a day apart, short ones and
-- traces, which may come by chance, an hour apart and where both name no other provider.
-- grain:  child, parent
-- params: none; view log_member_ids
WITH best AS (
    SELECT
        id_hash,
        min(node) AS node,
        arg_min(started_at, node) AS started_at,
        arg_min(provider, node) AS provider
    FROM log_member_ids
    GROUP BY id_hash
)

SELECT DISTINCT
    ids.node AS child,
    best.node AS parent
FROM log_member_ids AS ids
JOIN best ON ids.id_hash = best.id_hash
WHERE
    ids.node >> 60 > best.node >> 60
    AND abs(epoch_us(ids.started_at) - epoch_us(best.started_at))
    <= CASE WHEN ids.is_weak THEN 3600 ELSE 86400 END * 1000000::BIGINT
    AND (
        NOT ids.is_weak
        OR ids.is_trace
        OR ids.provider IN ('', best.provider)
        OR best.provider = ''
    )
