-- The shared ids of records, a row each.
-- grain:  node, id_hash
-- params: none; view log_members, table log_shared_ids
SELECT * EXCLUDE (is_weak), is_trace OR is_weak AS is_weak
FROM (
    SELECT
        node,
        source_no,
        started_at,
        attempt,
        is_ok,
        provider,
        input_tokens IS NULL AND output_tokens IS NULL AS has_no_tokens,
        unnest([request_hash, response_hash, trace_hash]) AS id_hash,
        unnest([has_short_request, has_short_response, false]) AS is_weak,
        unnest([false, true, false]) AS is_answer,
        unnest([false, false, true]) AS is_trace
    FROM log_members
)
WHERE id_hash IN (SELECT id_hash FROM log_shared_ids)
