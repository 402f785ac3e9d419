-- The records of one source without a link that are taken to be in a better log.
-- grain:  node
-- params: $source integer, $better integer, $skew_seconds bigint, $window_start timestamp, $window_end timestamp (exclusive); view log_linkable, tables log_presumed_hours, log_labels
SELECT records.node
FROM log_linkable AS records
JOIN log_presumed_hours AS hours
    ON
        hours.source_no = $source AND hours.better_no = $better
        AND records.provider = hours.provider
        AND records.account_id = hours.account_id
        AND records.region = hours.region
        AND records.resource_id = hours.resource_id
        AND records.model = hours.model
        AND (epoch_us(records.started_at) + $skew_seconds::BIGINT * 1000000) // 3600000000
        = hours.hour
        AND records.is_ok = hours.is_ok
ANTI JOIN (
    SELECT node
    FROM log_labels
    WHERE label >> 60 < node >> 60
) AS linked ON records.node = linked.node
WHERE records.started_at >= $window_start AND records.started_at < $window_end
