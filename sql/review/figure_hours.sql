-- The log hours behind one figure: of its resources while they were charged, and, for charges that
-- name no resource (managed APIs), of the model by any of its names.
-- grain:  hour, resource_id, model, model_version
-- params: $usage_files list, $day (YYYY-MM-DD) text or NULL, $top bigint
--         (reads figure_charges and figure_names: what logs call the model, and when)
WITH resources AS (
    SELECT
        coalesce(lower(split_part(split_part(trim(resource_id, '/'), '/', -1), ':', -1)), '')
            AS last_part,
        min(period_start) AS charged_from,
        max(period_end) AS charged_until
    FROM figure_charges
    GROUP BY ALL
),

usage AS (
    SELECT
        u.*,
        lower(split_part(split_part(trim(u.resource_id, '/'), '/', -1), ':', -1)) AS last_part,
        n.log_model IS NOT NULL AS is_named
    FROM (
        -- Months that were written before logs were linked do not say which rows are counted.
        SELECT true AS is_counted WHERE false
        UNION ALL BY NAME
        SELECT * FROM read_parquet($usage_files, union_by_name => true)
    ) AS u
    LEFT JOIN figure_names AS n
        ON n.log_model = u.model AND n.log_version = u.model_version
        AND u.hour >= n.valid_from AND u.hour < n.valid_until
    WHERE coalesce(u.is_counted, true)
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
        usage.last_part = resources.last_part
        AND usage.hour >= date_trunc('hour', resources.charged_from)
        AND usage.hour < resources.charged_until
WHERE (resources.last_part <> '' OR usage.is_named)
    AND ($day IS NULL OR strftime(usage.hour, '%Y-%m-%d') = $day)
GROUP BY ALL
ORDER BY usage.hour, usage.resource_id, usage.model, usage.model_version
LIMIT $top
