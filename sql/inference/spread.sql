-- Records of more than one hour, an hour each: every amount by the time that lies in the hour, whole
-- units by cumulative shares, so that the hours add up to the record exactly.
-- grain:  path, row, hour_no
-- params: none
SELECT * EXCLUDE (hours, ms_before, ms_through, ms_whole) REPLACE (
    CASE WHEN hour_no = 0 THEN started_at ELSE date_trunc('hour', started_at) + to_hours(hour_no) END
        AS started_at,
    CASE
        WHEN hours = 1 THEN requests
        ELSE (requests::HUGEINT * ms_through // ms_whole - requests::HUGEINT * ms_before // ms_whole)::BIGINT
    END AS requests,
    CASE
        WHEN hours = 1 THEN input_tokens
        ELSE (input_tokens::HUGEINT * ms_through // ms_whole - input_tokens::HUGEINT * ms_before // ms_whole)::BIGINT
    END AS input_tokens,
    CASE
        WHEN hours = 1 THEN input_tokens_cache_read
        ELSE (input_tokens_cache_read::HUGEINT * ms_through // ms_whole - input_tokens_cache_read::HUGEINT * ms_before // ms_whole)::BIGINT
    END AS input_tokens_cache_read,
    CASE
        WHEN hours = 1 THEN input_tokens_cache_write
        ELSE (input_tokens_cache_write::HUGEINT * ms_through // ms_whole - input_tokens_cache_write::HUGEINT * ms_before // ms_whole)::BIGINT
    END AS input_tokens_cache_write,
    CASE
        WHEN hours = 1 THEN output_tokens
        ELSE (output_tokens::HUGEINT * ms_through // ms_whole - output_tokens::HUGEINT * ms_before // ms_whole)::BIGINT
    END AS output_tokens,
    CASE
        WHEN hours = 1 THEN output_tokens_reasoning
        ELSE (output_tokens_reasoning::HUGEINT * ms_through // ms_whole - output_tokens_reasoning::HUGEINT * ms_before // ms_whole)::BIGINT
    END AS output_tokens_reasoning,
    CASE
        WHEN hours = 1 THEN images
        ELSE (images::HUGEINT * ms_through // ms_whole - images::HUGEINT * ms_before // ms_whole)::BIGINT
    END AS images,
    CASE
        WHEN hours = 1 THEN gpu_ms
        ELSE (
            ((gpu_ms * 1000)::HUGEINT * ms_through // ms_whole)::DECIMAL(21, 0)
            - ((gpu_ms * 1000)::HUGEINT * ms_before // ms_whole)::DECIMAL(21, 0)
        ) * 0.001
    END::DECIMAL(18, 3) AS gpu_ms,
    CASE
        WHEN hours = 1 THEN gpu_held_ms
        ELSE (
            ((gpu_held_ms * 1000)::HUGEINT * ms_through // ms_whole)::DECIMAL(21, 0)
            - ((gpu_held_ms * 1000)::HUGEINT * ms_before // ms_whole)::DECIMAL(21, 0)
        ) * 0.001
    END::DECIMAL(18, 3) AS gpu_held_ms,
    CASE
        WHEN hours = 1 THEN vcpu_ms
        ELSE (
            ((vcpu_ms * 1000)::HUGEINT * ms_through // ms_whole)::DECIMAL(21, 0)
            - ((vcpu_ms * 1000)::HUGEINT * ms_before // ms_whole)::DECIMAL(21, 0)
        ) * 0.001
    END::DECIMAL(18, 3) AS vcpu_ms,
    CASE
        WHEN hours = 1 THEN memory_gib_ms
        ELSE (
            ((memory_gib_ms * 1000)::HUGEINT * ms_through // ms_whole)::DECIMAL(21, 0)
            - ((memory_gib_ms * 1000)::HUGEINT * ms_before // ms_whole)::DECIMAL(21, 0)
        ) * 0.001
    END::DECIMAL(18, 3) AS memory_gib_ms,
    -- What was reckoned for the whole is named once, in the hour it begins.
    CASE WHEN hour_no = 0 THEN reported_cost END AS reported_cost
)
FROM (
    SELECT
        *,
        greatest(
            0,
            epoch_ms(date_trunc('hour', started_at) + to_hours(hour_no)) - epoch_ms(started_at)
        ) AS ms_before,
        least(
            ms_whole,
            epoch_ms(date_trunc('hour', started_at) + to_hours(hour_no + 1)) - epoch_ms(started_at)
        ) AS ms_through
    FROM (
        SELECT
            *,
            unnest(range(hours)) AS hour_no,
            greatest(1, epoch_ms(ended_at) - epoch_ms(started_at)) AS ms_whole
        FROM (
            SELECT
                *,
                CASE
                    WHEN grain = 'request' OR ended_at IS NULL OR problem IS NOT NULL THEN 1
                    ELSE greatest(
                        1,
                        date_diff(
                            'hour',
                            date_trunc('hour', started_at),
                            date_trunc('hour', ended_at - INTERVAL 1 MICROSECOND)
                        ) + 1
                    )
                END AS hours
            FROM unspread_records
        )
    )
)
