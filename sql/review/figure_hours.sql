-- The log hours of the resources behind one figure, while they were charged.
-- grain:  hour, resource_id, model, model_version
-- params: $usage_files list, $model, $day (YYYY-MM-DD) text or NULL, $top bigint
--         (reads figure_charges)
WITH resources AS (
    SELECT
        lower(regexp_extract(trim(resource_id, '/'), '([^:]*)$', 1)) AS resource_key,
        min(period_start) AS charged_from,
        max(period_end) AS charged_until
    FROM figure_charges
    WHERE resource_id <> ''
    GROUP BY ALL
),

usage AS (
    SELECT
        *,
        lower(regexp_extract(trim(resource_id, '/'), '([^:]*)$', 1)) AS resource_key
    FROM read_parquet($usage_files, union_by_name => true)
)

SELECT
    usage.hour,
    usage.resource_id,
    usage.model,
    usage.model_version,
    sum(usage.requests)::BIGINT AS requests,
    sum(usage.input_tokens)::BIGINT AS input_tokens,
    sum(usage.output_tokens)::BIGINT AS output_tokens,
    sum(usage.gpu_microseconds)::BIGINT AS gpu_microseconds
FROM usage
INNER JOIN resources
    ON
        usage.resource_key = resources.resource_key
        AND usage.hour >= date_trunc('hour', resources.charged_from)
        AND usage.hour < resources.charged_until
WHERE ($day IS NULL OR strftime(usage.hour, '%Y-%m-%d') = $day)
GROUP BY ALL
ORDER BY usage.hour, usage.resource_id, usage.model, usage.model_version
LIMIT $top
