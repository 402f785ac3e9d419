-- The records of one source that share an id with another record, with what they can tell it.
-- grain:  node
-- params: $source integer, $window_start timestamp, $window_end timestamp (a day around the run's); view log_linkable, table log_shared_ids
SELECT
    node,
    $source::UTINYINT AS source_no,
    started_at,
    provider,
    account_id,
    region,
    resource_id,
    model,
    nullif(trim(model_version), '') AS model_version,
    nullif(trim(tenant), '') AS tenant,
    nullif(trim(use_case), '') AS use_case,
    nullif(trim(service_tier), '') AS service_tier,
    input_tokens,
    input_tokens_cache_read,
    input_tokens_cache_write,
    output_tokens,
    output_tokens_reasoning,
    images,
    gpu_ms,
    -- The hash of NULL is a number, too.
    CASE WHEN request_id <> '' THEN hash(request_id) END AS request_hash,
    length(request_id) < 16 AS has_short_request,
    CASE
        WHEN response_id <> '' AND response_id IS DISTINCT FROM request_id THEN hash(response_id)
    END AS response_hash,
    length(response_id) < 16 AS has_short_response,
    CASE WHEN trace_id <> '' THEN hash('trace', trace_id) END AS trace_hash
FROM log_linkable
WHERE
    started_at >= $window_start AND started_at < $window_end
    AND (
        hash(request_id) IN (SELECT id_hash FROM log_shared_ids)
        OR hash(response_id) IN (SELECT id_hash FROM log_shared_ids)
        OR hash('trace', trace_id) IN (SELECT id_hash FROM log_shared_ids)
    )
