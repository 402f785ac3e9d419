-- Hashes of ids that logs of different ranks have in common, and of traces that each log has once.
-- Most ids are in one log only: those of the largest are first looked up among all the others'.
-- grain:  id_hash
-- params: none; view log_ids
SELECT id_hash
FROM (
    SELECT id_hash, source_no, rank_no, is_trace
    FROM log_ids
    WHERE NOT is_largest
    UNION ALL
    SELECT id_hash, source_no, rank_no, is_trace
    FROM log_ids
    WHERE is_largest AND id_hash IN (SELECT id_hash FROM log_ids WHERE NOT is_largest)
)
GROUP BY id_hash
HAVING
    min(rank_no) < max(rank_no)
    AND (NOT bool_or(is_trace) OR count(*) = bit_count(bit_or(1::BIGINT << source_no)))
