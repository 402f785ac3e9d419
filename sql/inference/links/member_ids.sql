-- The shared ids of records, a row each.
-- grain:  node, id_hash
-- params: none; view log_members, table log_shared_ids
SELECT *
FROM (
    SELECT
        node,
        source_no,
        started_at,
        provider,
        input_tokens IS NULL AND output_tokens IS NULL AS has_no_tokens,
        request_hash AS id_hash,
        has_short_request AS is_weak,
        false AS is_answer,
        false AS is_trace
    FROM log_members
    WHERE request_hash IS NOT NULL
    UNION ALL
    SELECT
        node,
        source_no,
        started_at,
        provider,
        input_tokens IS NULL AND output_tokens IS NULL AS has_no_tokens,
        response_hash AS id_hash,
        has_short_response AS is_weak,
        true AS is_answer,
        false AS is_trace
    FROM log_members
    WHERE response_hash IS NOT NULL
    UNION ALL
    SELECT
        node,
        source_no,
        started_at,
        provider,
        input_tokens IS NULL AND output_tokens IS NULL AS has_no_tokens,
        trace_hash AS id_hash,
        true AS is_weak,
        false AS is_answer,
        true AS is_trace
    FROM log_members
    WHERE trace_hash IS NOT NULL
)
WHERE id_hash IN (SELECT id_hash FROM log_shared_ids)
