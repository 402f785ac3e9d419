-- Each record and the one of a better log that has the same id: of several attempts with one id the
-- one that succeeded, else the last. Ids are taken for the same call a day apart, short ones and
-- traces, which may come by chance, an hour apart and where both name no other provider.
-- grain:  child, parent
-- params: none; view log_member_ids
WITH best AS (
    SELECT
        id_hash,
        arg_min(
            struct_pack(node := node, started_at := started_at, provider := provider),
            struct_pack(rank_no := node >> 56, failed := NOT is_ok, attempt := -attempt, node := node)
        ) AS found
    FROM log_member_ids
    GROUP BY id_hash
)

SELECT DISTINCT
    ids.node AS child,
    best.found.node AS parent
FROM log_member_ids AS ids
JOIN best ON ids.id_hash = best.id_hash
WHERE
    ids.node >> 56 > best.found.node >> 56
    AND abs(epoch_us(ids.started_at) - epoch_us(best.found.started_at))
    <= CASE WHEN ids.is_weak THEN 3600 ELSE 86400 END * 1000000::BIGINT
    AND (
        NOT ids.is_weak
        OR ids.is_trace
        OR ids.provider IN ('', best.found.provider)
        OR best.found.provider = ''
    )
