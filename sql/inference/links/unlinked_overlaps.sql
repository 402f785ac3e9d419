-- Pairs of logs that count calls of the same provider's model in the same hours.
-- grain:  source, better
-- params: $usage path, $sources list, $ranks list (of each source)
WITH hours AS (
    SELECT
        source,
        list_extract($ranks, list_position($sources, source)) AS rank_no,
        hour,
        provider,
        regexp_replace(lower(model), '^(us|eu|apac|global|us-gov|jp|au)\.', '') AS model,
        sum(requests) AS requests
    FROM read_parquet($usage)
    WHERE
        is_counted
        AND grain IN ('request', 'bucket', 'counter')
        AND status <> 'cache_hit'
        AND requests > 0
        AND list_contains($sources, source)
    GROUP BY ALL
)

SELECT
    worse.source,
    better.source AS better,
    count(DISTINCT worse.hour) AS hours,
    sum(worse.requests)::BIGINT AS requests,
    sum(better.requests)::BIGINT AS better_requests,
    min(worse.model) AS model
FROM hours AS worse
JOIN hours AS better
    ON
        worse.hour = better.hour
        AND worse.provider = better.provider
        AND worse.model = better.model
        AND worse.rank_no > better.rank_no
GROUP BY worse.source, better.source
ORDER BY worse.source, better.source
