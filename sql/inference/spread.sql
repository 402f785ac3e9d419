-- Records of more than one hour, an hour each: every amount by the time that lies in the hour, in
-- whole units by cumulative shares, so that the hours add up to the record exactly. Of tokens the
-- parts are spread and then added, so that no hour has more of a part than of the whole.
-- grain:  path, row, hour_no
-- params: none; macro hour_share
SELECT * EXCLUDE (hours, ms_before, ms_through, ms_whole) REPLACE (
    CASE WHEN hour_no = 0 THEN started_at ELSE date_trunc('hour', started_at) + to_hours(hour_no) END
        AS started_at,
    hour_share(requests, ms_before, ms_through, ms_whole) AS requests,
    hour_share(input_tokens - coalesce(input_tokens_cache_read, 0) - coalesce(input_tokens_cache_write, 0), ms_before, ms_through, ms_whole)
    + hour_share(coalesce(input_tokens_cache_read, 0), ms_before, ms_through, ms_whole)
    + hour_share(coalesce(input_tokens_cache_write, 0), ms_before, ms_through, ms_whole) AS input_tokens,
    hour_share(input_tokens_cache_read, ms_before, ms_through, ms_whole) AS input_tokens_cache_read,
    hour_share(input_tokens_cache_write, ms_before, ms_through, ms_whole) AS input_tokens_cache_write,
    hour_share(output_tokens - coalesce(output_tokens_reasoning, 0), ms_before, ms_through, ms_whole)
    + hour_share(coalesce(output_tokens_reasoning, 0), ms_before, ms_through, ms_whole) AS output_tokens,
    hour_share(output_tokens_reasoning, ms_before, ms_through, ms_whole) AS output_tokens_reasoning,
    hour_share(images, ms_before, ms_through, ms_whole) AS images,
    (hour_share((gpu_ms::DECIMAL(24, 3) * 1000)::BIGINT, ms_before, ms_through, ms_whole) * 0.001)::DECIMAL(18, 3) AS gpu_ms,
    (hour_share((gpu_held_ms::DECIMAL(24, 3) * 1000)::BIGINT, ms_before, ms_through, ms_whole) * 0.001)::DECIMAL(18, 3) AS gpu_held_ms,
    (hour_share((vcpu_ms::DECIMAL(24, 3) * 1000)::BIGINT, ms_before, ms_through, ms_whole) * 0.001)::DECIMAL(18, 3) AS vcpu_ms,
    (hour_share((memory_gib_ms::DECIMAL(24, 3) * 1000)::BIGINT, ms_before, ms_through, ms_whole) * 0.001)::DECIMAL(18, 3) AS memory_gib_ms,
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
        CASE
            WHEN hour_no = hours - 1 THEN ms_whole
            ELSE epoch_ms(date_trunc('hour', started_at) + to_hours(hour_no + 1))
                - epoch_ms(started_at)
        END AS ms_through
    FROM (
        SELECT
            *,
            unnest(range(hours)) AS hour_no,
            greatest(1, coalesce(epoch_ms(ended_at) - epoch_ms(started_at), 1)) AS ms_whole
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
