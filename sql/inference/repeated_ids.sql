-- Hashes under which more than one record with a request id lies: few, mostly none.
-- Equal ids have equal hashes, so a log without repeated hashes has no duplicate.
-- grain:  id_hash
-- params: $window_start timestamp, $window_end timestamp (exclusive)
SELECT id_hash
FROM (
    SELECT hash(request_id, attempt, coalesce(account_id, ''), coalesce(region, '')) AS id_hash
    FROM log_identities
    WHERE
        request_id IS NOT NULL AND request_id <> ''
        AND started_at >= $window_start AND started_at < $window_end
)
GROUP BY id_hash
HAVING count(*) > 1
