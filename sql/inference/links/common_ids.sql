-- Hashes of ids that may be in logs of different ranks. Most ids are in one log only: those of the
-- largest are looked up among the others', which are few to remember.
-- grain:  none (an id may come several times)
-- params: $others_differ boolean (logs beside the largest are of several ranks); view log_ids
SELECT id_hash
FROM log_ids
WHERE is_largest AND id_hash IN (SELECT id_hash FROM log_ids WHERE NOT is_largest)
UNION ALL
SELECT id_hash
FROM log_ids
WHERE NOT is_largest AND $others_differ
GROUP BY id_hash
HAVING min(rank_no) < max(rank_no)
