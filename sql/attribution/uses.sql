-- Measured use of each linked resource, per hour and model version as the catalogue knows it.
-- Throttled calls and gateway cache hits used nothing, and what another log counted is not counted
-- again: of one source's requests, buckets and counters of an hour the first there are speak.
-- Allocations and samples are time, not calls (`node_pods.sql`). A record that names only the model
-- belongs to the one version of it that is live on the resource in that hour, if there is exactly one.
-- grain:  link_key, hour, model, model_version
-- params: $input_weight, $cache_weight, $output_weight bigint (thousandths of one token's work, where
--         the catalogue's `token_weights` say nothing of the version)
WITH logged AS MATERIALIZED (
    SELECT
        coalesce(r.link_key, k.resource_key) AS link_key,
        u.hour,
        u.source,
        CASE u.grain WHEN 'counter' THEN 3 WHEN 'bucket' THEN 2 ELSE 1 END AS coarseness,
        n.model,
        n.model_version,
        n.is_known,
        u.requests,
        u.requests_with_gpu_time,
        u.requests_with_tokens,
        u.gpu_microseconds,
        coalesce(u.input_tokens, 0) - coalesce(u.input_tokens_cache_read, 0) AS input_tokens,
        coalesce(u.input_tokens_cache_read, 0) AS cache_tokens,
        coalesce(u.output_tokens, 0) AS output_tokens
    FROM usage AS u
    INNER JOIN resource_keys AS k USING (resource_id)
    LEFT JOIN linked_resources AS r USING (resource_id)
    INNER JOIN log_names AS n
        ON n.log_model = u.model AND n.log_version = u.model_version
        AND u.hour >= n.valid_from AND u.hour < n.valid_until
    WHERE u.status NOT IN ('throttled', 'cache_hit') AND u.is_counted
      AND u.grain NOT IN ('allocation', 'sample')
),
named AS (
    SELECT l.*
    FROM logged AS l
    INNER JOIN (
        SELECT link_key, hour, source, min(coarseness) AS coarseness FROM logged GROUP BY ALL
    ) AS b USING (link_key, hour, source, coarseness)
),
single_live AS (
    SELECT
        d.link_key,
        n.hour,
        d.model,
        min(d.model_version) AS model_version
    FROM (SELECT DISTINCT link_key, hour, model FROM named WHERE model_version = '' AND is_known) AS n
    INNER JOIN links AS d
        ON d.kind = 'deployment' AND d.link_key = n.link_key AND d.model = n.model
        AND d.valid_from < n.hour + INTERVAL 1 HOUR AND d.valid_until > n.hour
    GROUP BY d.link_key, n.hour, d.model
    HAVING count(DISTINCT d.model_version) = 1
),
summed AS (
    SELECT
        n.link_key,
        n.hour,
        n.model,
        coalesce(s.model_version, n.model_version) AS model_version,
        n.is_known,
        sum(n.requests)::BIGINT AS requests,
        sum(n.gpu_microseconds)::BIGINT AS gpu_us,
        sum(n.input_tokens)::HUGEINT AS input_tokens,
        sum(n.cache_tokens)::HUGEINT AS cache_tokens,
        sum(n.output_tokens)::HUGEINT AS output_tokens,
        sum(n.requests) = sum(n.requests_with_gpu_time) AS all_gpu,
        sum(n.requests) = sum(n.requests_with_tokens) AS all_tokens
    FROM named AS n
    LEFT JOIN single_live AS s
        ON n.model_version = '' AND s.link_key = n.link_key AND s.hour = n.hour AND s.model = n.model
    GROUP BY ALL
)
SELECT
    u.link_key,
    u.hour,
    u.model,
    u.model_version,
    u.is_known,
    u.requests,
    u.gpu_us,
    (
        u.input_tokens * coalesce(w.input_weight, $input_weight)
        + u.cache_tokens * coalesce(w.cache_weight, $cache_weight)
        + u.output_tokens * coalesce(w.output_weight, $output_weight)
    )::BIGINT AS token_work,
    u.all_gpu,
    u.all_tokens
FROM summed AS u
LEFT JOIN token_weights AS w USING (model, model_version)
