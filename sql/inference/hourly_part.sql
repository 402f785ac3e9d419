-- One part of a log, counted: what is kept by hour and key as logged, and what is not kept and why.
-- grain:  file_no, fate, hour, key as logged, sample_rate
-- params: $source text, $part integer, $window_start timestamp, $window_end timestamp (exclusive)
SELECT
    $source AS source,
    counted.* REPLACE (
        -- Numbers are grouped faster than words and instants: named after grouping.
        ['kept', 'reject', 'outside', 'duplicate', 'left_out'][fate + 1] AS fate,
        make_timestamp(hour * 3600000000) AS hour
    )
FROM (
    SELECT
        records.file_no,
        CASE
            WHEN records.problem IS NOT NULL THEN 1
            WHEN records.left_out = 'duplicate' THEN 3
            WHEN records.left_out IS NOT NULL THEN 4
            WHEN records.started_at < $window_start OR records.started_at >= $window_end THEN 2
            WHEN doubles.row IS NOT NULL THEN 3
            ELSE 0
        END AS fate,
        CASE
            WHEN
                records.problem IS NULL AND records.left_out IS NULL
                AND records.started_at >= $window_start AND records.started_at < $window_end
                THEN epoch_us(records.started_at) // 3600000000
        END AS hour,
        records.provider,
        records.account_id,
        records.region,
        records.resource_id,
        records.model,
        records.model_version,
        records.operation,
        records.tenant,
        records.use_case,
        records.service_tier,
        records.is_batch,
        records.status,
        records.gateway_cache_hit,
        records.grain,
        records.is_counted,
        records.reported_currency,
        records.list_currency,
        records.sample_rate,
        -- What lasts over several hours is one record, where it begins.
        count(*) FILTER (WHERE records.hour_no = 0) AS lines,
        min(records.started_at) AS first_at,
        max(records.started_at) AS last_at,
        sum(records.requests) AS requests,
        sum(records.input_tokens) AS input_tokens,
        sum(records.input_tokens_cache_read) AS input_tokens_cache_read,
        sum(records.input_tokens_cache_write) AS input_tokens_cache_write,
        sum(records.output_tokens) AS output_tokens,
        sum(records.output_tokens_reasoning) AS output_tokens_reasoning,
        sum(records.images) AS images,
        sum(records.gpu_ms) AS gpu_ms,
        sum(records.gpu_held_ms) AS gpu_held_ms,
        sum(records.vcpu_ms) AS vcpu_ms,
        sum(records.memory_gib_ms) AS memory_gib_ms,
        sum(records.reported_cost) AS reported_cost,
        sum(records.list_cost) AS list_cost,
        sum(CASE WHEN records.list_cost IS NOT NULL THEN records.requests END) AS requests_priced,
        sum(
            CASE
                WHEN records.input_tokens IS NOT NULL OR records.output_tokens IS NOT NULL
                    THEN records.requests
            END
        ) AS requests_with_tokens,
        sum(CASE WHEN records.gpu_ms IS NOT NULL THEN records.requests END) AS requests_with_gpu_time
    FROM log_records AS records
    LEFT JOIN (SELECT row FROM log_duplicates WHERE part_no = $part) AS doubles
        ON records.row = doubles.row
    GROUP BY ALL
) AS counted
