-- The calls a source logged in each hour, by what they went to; those of a sample as many as they
-- stand for, what lasts over hours in each of them.
-- grain:  source_no, provider, account_id, region, resource_id, model, hour, is_ok
-- params: $source integer, $skew_seconds bigint (added to its clock), $window_start timestamp, $window_end timestamp (exclusive); view log_linkable
SELECT * EXCLUDE (until_hour) REPLACE (unnest(range(hour, until_hour + 1)) AS hour)
FROM (
    SELECT
        $source::UTINYINT AS source_no,
        provider,
        account_id,
        region,
        resource_id,
        model,
        (epoch_us(started_at) + $skew_seconds::BIGINT * 1000000) // 3600000000 AS hour,
        CASE
            WHEN grain = 'request' OR ended_at IS NULL
                THEN (epoch_us(started_at) + $skew_seconds::BIGINT * 1000000) // 3600000000
            ELSE greatest(epoch_us(ended_at) - 1, epoch_us(started_at)) // 3600000000
        END AS until_hour,
        is_ok,
        sum(requests * 1000000 // (sample_rate * 1000000)::BIGINT)::BIGINT AS requests
    FROM log_linkable
    WHERE
        grain IN ('request', 'bucket', 'counter')
        AND started_at >= $window_start AND started_at < $window_end
    GROUP BY ALL
)
