-- The spans in which a source is known to have been written: for each resource from its first to
-- the end of its last hour with a record, broken where the whole source was silent for long.
-- grain:  source, resource_id, span
-- params: $month text, $usage path, $longest_silence interval
WITH source_hours AS (
    SELECT
        source,
        hour,
        coalesce(hour - lag(hour) OVER (PARTITION BY source ORDER BY hour), INTERVAL 0 HOUR)
            AS distance
    FROM (SELECT DISTINCT source, hour FROM read_parquet($usage))
),

spans AS (
    SELECT
        source,
        hour,
        count_if(distance >= $longest_silence + INTERVAL 1 HOUR)
            OVER (PARTITION BY source ORDER BY hour) AS span
    FROM source_hours
)

SELECT
    $month AS billing_month,
    usage.source,
    usage.resource_id,
    min(usage.hour) AS watched_from,
    max(usage.hour) + INTERVAL 1 HOUR AS watched_until,
    'logged' AS kind
FROM read_parquet($usage) AS usage
JOIN spans ON usage.source = spans.source AND usage.hour = spans.hour
WHERE usage.resource_id <> ''
GROUP BY usage.source, usage.resource_id, spans.span
