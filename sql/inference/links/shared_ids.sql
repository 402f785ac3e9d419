-- Hashes of ids that logs of different ranks have in common, and of traces that each log has once:
-- one share of them.
-- grain:  id_hash
-- params: $shares integer, $share integer; view log_ids, table log_common_ids
SELECT id_hash
FROM log_ids
WHERE
    id_hash % $shares = $share
    AND id_hash IN (SELECT id_hash FROM log_common_ids WHERE id_hash % $shares = $share)
GROUP BY id_hash
HAVING
    min(rank_no) < max(rank_no)
    AND (NOT bool_or(is_trace) OR count(*) = bit_count(bit_or(1::BIGINT << source_no)))
