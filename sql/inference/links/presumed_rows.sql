-- The records of one source without a link that are taken to be in a better log.
-- grain:  node
-- params: $source integer, $rank integer, $better integer, $skew_seconds bigint, $window_start timestamp, $window_end timestamp (exclusive); view log_linkable, tables log_presumed_hours, log_labels
SELECT records.node
FROM (
    SELECT
        ($rank::BIGINT << 56) | (part_no::BIGINT << 36) | row AS node,
        coalesce(trim(provider), '') AS provider,
        coalesce(trim(account_id), '') AS account_id,
        coalesce(trim(region), '') AS region,
        coalesce(trim(resource_id), '') AS resource_id,
        trim(model) AS model,
        (epoch_us(started_at) + $skew_seconds::BIGINT * 1000000) // 3600000000 AS hour,
        coalesce(lower(trim(status)), '') IN ('', 'ok', 'success', 'successful', 'succeeded', '200')
            AS is_ok
    FROM log_linkable
    WHERE
        problem IS NULL
        AND left_out IS NULL
        AND NOT gateway_cache_hit
        AND started_at >= $window_start AND started_at < $window_end
) AS records
JOIN log_presumed_hours AS hours
    ON
        hours.source_no = $source AND hours.better_no = $better
        AND records.provider = hours.provider
        AND records.account_id = hours.account_id
        AND records.region = hours.region
        AND records.resource_id = hours.resource_id
        AND records.model = hours.model
        AND records.hour = hours.hour
        AND records.is_ok = hours.is_ok
ANTI JOIN (
    SELECT node
    FROM log_labels
    WHERE label >> 56 < node >> 56
) AS linked ON records.node = linked.node
