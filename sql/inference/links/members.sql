-- The records of one source that share an id with another record, with what they can tell it.
-- `node` is the record's place in the order in which logs count: rank, then part, then row.
-- grain:  node
-- params: $source integer, $rank integer, $window_start timestamp, $window_end timestamp (a day around the run's); view log_linkable, table log_shared_ids
SELECT
    ($rank::BIGINT << 56) | (part_no::BIGINT << 36) | row AS node,
    $source::UTINYINT AS source_no,
    started_at,
    attempt,
    coalesce(lower(trim(status)), '') IN ('', 'ok', 'success', 'successful', 'succeeded', '200')
        AS is_ok,
    coalesce(trim(provider), '') AS provider,
    coalesce(trim(account_id), '') AS account_id,
    coalesce(trim(region), '') AS region,
    coalesce(trim(resource_id), '') AS resource_id,
    trim(model) AS model,
    nullif(trim(model_version), '') AS model_version,
    nullif(trim(operation), '') AS operation,
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
    problem IS NULL
    AND left_out IS NULL
    AND NOT gateway_cache_hit
    AND started_at >= $window_start AND started_at < $window_end
    AND (
        hash(request_id) IN (SELECT id_hash FROM log_shared_ids)
        OR hash(response_id) IN (SELECT id_hash FROM log_shared_ids)
        OR hash('trace', trace_id) IN (SELECT id_hash FROM log_shared_ids)
    )
