-- The calls a source logged in each hour, by what they went to; those of a sample as many as they
-- stand for, what lasts over hours in each of them. Hits of a gateway's cache went nowhere.
-- grain:  source_no, provider, account_id, region, resource_id, model, hour, is_ok
-- params: $source integer, $skew_seconds bigint (added to its clock), $window_start timestamp, $window_end timestamp (exclusive); view log_linkable
SELECT * EXCLUDE (until_hour) REPLACE (unnest(range(hour, until_hour + 1)) AS hour)
FROM (
    SELECT
        $source::UTINYINT AS source_no,
        coalesce(trim(provider), '') AS provider,
        coalesce(trim(account_id), '') AS account_id,
        coalesce(trim(region), '') AS region,
        coalesce(trim(resource_id), '') AS resource_id,
        trim(model) AS model,
        (epoch_us(started_at) + $skew_seconds::BIGINT * 1000000) // 3600000000 AS hour,
        CASE
            WHEN grain = 'request' OR ended_at IS NULL
                THEN (epoch_us(started_at) + $skew_seconds::BIGINT * 1000000) // 3600000000
            ELSE greatest(epoch_us(ended_at) - 1, epoch_us(started_at)) // 3600000000
        END AS until_hour,
        coalesce(lower(trim(status)), '') IN ('', 'ok', 'success', 'successful', 'succeeded', '200')
            AS is_ok,
        sum(requests * 1000000 // (sample_rate * 1000000)::BIGINT)::BIGINT AS requests
    FROM log_linkable
    WHERE
        problem IS NULL
        AND left_out IS NULL
        AND NOT gateway_cache_hit
        AND grain IN ('request', 'bucket', 'counter')
        AND started_at >= $window_start AND started_at < $window_end
    GROUP BY ALL
)
