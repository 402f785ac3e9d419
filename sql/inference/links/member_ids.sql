-- The records of one source whose id of one kind other logs know, too: of one share of all ids.
-- grain:  node
-- params: $source integer, $kind text (request, response or trace), $shares integer, $share integer, $window_start timestamp, $window_end timestamp (a day around the run's); view log_linkable, table log_shared_ids
SELECT
    node,
    $source::UTINYINT AS source_no,
    started_at,
    provider,
    has_no_tokens,
    id_hash,
    -- Short ids may come by chance, and a trace is wider than a call.
    $kind = 'trace' OR id_length < 16 AS is_weak,
    $kind = 'response' AS is_answer,
    $kind = 'trace' AS is_trace
FROM (
    SELECT
        node,
        started_at,
        provider,
        input_tokens IS NULL AND output_tokens IS NULL AS has_no_tokens,
        -- The hash of NULL is a number, too.
        CASE
            WHEN $kind = 'request' AND request_id <> '' THEN hash(request_id)
            WHEN $kind = 'response' AND response_id <> '' AND response_id IS DISTINCT FROM request_id
                THEN hash(response_id)
            WHEN $kind = 'trace' AND trace_id <> '' THEN hash('trace', trace_id)
        END AS id_hash,
        CASE WHEN $kind = 'request' THEN length(request_id) ELSE length(response_id) END AS id_length
    FROM log_linkable
    WHERE started_at >= $window_start AND started_at < $window_end
)
WHERE
    id_hash % $shares = $share
    AND id_hash IN (SELECT id_hash FROM log_shared_ids WHERE id_hash % $shares = $share)
