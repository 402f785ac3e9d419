-- Measured use of each linked resource, per hour and model version as the catalogue knows it.
-- Throttled calls and gateway cache hits used nothing, and what another log counted is not counted
-- again: of one source's requests, buckets and counters of an hour the first there are speak.
-- GPU time stands on its own: where counted calls lack it, another log of nine tenths of them or more
-- that timed all of its own tells it (metrics of an endpoint beside captured requests). Allocations and
-- samples are time, not calls (`node_pods.sql`). A record that names only the model
-- belongs to the one version of it that is live on the resource in that hour, if there is exactly one.
-- grain:  link_key, hour, model, model_version
-- params: $input_weight, $cache_weight, $output_weight bigint (thousandths of one token's work, where
--         the catalogue's `token_weights` say nothing of the version)
WITH logged AS MATERIALIZED (
    SELECT
        coalesce(r.link_key, k.resource_key) AS link_key,
        u.hour,
        u.source,
        u.is_counted,
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
    WHERE u.status NOT IN ('throttled', 'cache_hit') AND u.grain NOT IN ('allocation', 'sample')
),
named AS (
    SELECT l.*
    FROM logged AS l
    INNER JOIN (
        SELECT link_key, hour, source, min(coarseness) AS coarseness
        FROM logged
        WHERE is_counted
        GROUP BY ALL
    ) AS b USING (link_key, hour, source, coarseness)
    WHERE l.is_counted
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
),
timed AS (
    SELECT link_key, hour, model, model_version, arg_max(gpu_us, (requests, source)) AS gpu_us,
        max(requests) AS requests
    FROM (
        SELECT link_key, hour, model, model_version, source, sum(gpu_microseconds)::BIGINT AS gpu_us,
            sum(requests)::BIGINT AS requests
        FROM logged
        WHERE source IN (SELECT source FROM logged WHERE NOT is_counted)
        GROUP BY ALL
        HAVING sum(requests) = sum(requests_with_gpu_time)
    )
    GROUP BY ALL
)
SELECT
    u.link_key,
    u.hour,
    u.model,
    u.model_version,
    u.is_known,
    u.requests,
    CASE WHEN NOT u.all_gpu AND t.requests * 10 >= u.requests * 9 THEN t.gpu_us ELSE u.gpu_us END AS gpu_us,
    (
        u.input_tokens * coalesce(w.input_weight, $input_weight)
        + u.cache_tokens * coalesce(w.cache_weight, $cache_weight)
        + u.output_tokens * coalesce(w.output_weight, $output_weight)
    )::BIGINT AS token_work,
    u.all_gpu OR coalesce(t.requests * 10 >= u.requests * 9, false) AS all_gpu,
    u.all_tokens
FROM summed AS u
LEFT JOIN timed AS t USING (link_key, hour, model, model_version)
LEFT JOIN token_weights AS w USING (model, model_version)
