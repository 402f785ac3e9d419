-- The records of one source without ids whose time a better log counted: same model, and the same
-- provider and resource where both name one. A bucket is taken whole: which of its calls the better
-- log has cannot be told.
-- grain:  node
-- params: $rank integer, $window_start timestamp, $window_end timestamp (exclusive); view log_linkable, tables log_better_hours, log_labels
WITH own AS (
    SELECT
        node,
        provider,
        resource_id,
        regexp_replace(lower(model), '^(us|eu|apac|global|us-gov|jp|au)\.', '') AS model,
        epoch_us(started_at) // 3600000000 AS hour,
        CASE
            WHEN ended_at IS NULL THEN epoch_us(started_at)
            ELSE greatest(epoch_us(ended_at) - 1, epoch_us(started_at))
        END // 3600000000 AS until_hour
    FROM log_linkable
    WHERE
        grain IN ('request', 'bucket', 'counter')
        AND started_at >= $window_start AND started_at < $window_end
),

better AS (
    SELECT DISTINCT
        source_no,
        provider,
        resource_id,
        regexp_replace(lower(model), '^(us|eu|apac|global|us-gov|jp|au)\.', '') AS model,
        hour
    FROM log_better_hours
    WHERE rank_no < $rank AND requests > 0
),

covered AS (
    SELECT
        times.provider,
        times.resource_id,
        times.model,
        times.hour,
        times.until_hour,
        min(better.source_no) AS better_no
    FROM (SELECT DISTINCT provider, resource_id, model, hour, until_hour FROM own) AS times
    JOIN better
        ON
            times.model = better.model
            AND better.hour BETWEEN times.hour AND times.until_hour
            AND (times.provider IN ('', better.provider) OR better.provider = '')
            AND (times.resource_id IN ('', better.resource_id) OR better.resource_id = '')
    GROUP BY ALL
)

SELECT own.node, covered.better_no
FROM own
JOIN covered
    ON
        own.provider = covered.provider
        AND own.resource_id = covered.resource_id
        AND own.model = covered.model
        AND own.hour = covered.hour
        AND own.until_hour = covered.until_hour
ANTI JOIN (
    SELECT node
    FROM log_labels
    WHERE label >> 60 < node >> 60
) AS linked ON own.node = linked.node
