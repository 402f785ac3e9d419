-- What the logs measured, under the names of the catalogue, by use case and tenant.
-- Throttled calls and gateway cache hits used nothing. Calls are those that count once over all sources;
-- of one source's requests, buckets and counters of a model in an hour the first there are speak, as in
-- `attribution/uses.sql`. Samples and allocations are machine time, not calls. A record that names only
-- the model belongs to the one version of it that is live on the resource in that hour, if there is
-- exactly one. A log without a provider means the one that bills the model, if there is exactly one.
-- grain:  hour, provider, link_key, model, model_version, use_case, tenant, is_batch
-- params: none
WITH logged AS (
    SELECT
        u.hour,
        u.source,
        CASE u.grain WHEN 'counter' THEN 3 WHEN 'bucket' THEN 2 WHEN 'request' THEN 1 END AS coarseness,
        p.word AS provider,
        coalesce(r.link_key, k.resource_key, '') AS link_key,
        n.model,
        n.model_version,
        n.is_known,
        u.use_case,
        u.tenant,
        u.is_batch,
        u.is_counted AND u.grain NOT IN ('allocation', 'sample') AS is_call,
        u.requests,
        u.images,
        u.input_tokens,
        coalesce(u.input_tokens_cache_read, 0) AS cache_read,
        coalesce(u.input_tokens_cache_write, 0) AS cache_write,
        u.output_tokens,
        u.requests_with_tokens,
        u.requests_with_gpu_time,
        u.gpu_microseconds,
        u.gpu_held_microseconds
    FROM usage AS u
    INNER JOIN log_names AS n
        ON n.log_model = u.model AND n.log_version = u.model_version
        AND u.hour >= n.valid_from AND u.hour < n.valid_until
    LEFT JOIN provider_words AS p ON p.name = u.provider
    LEFT JOIN resource_keys AS k USING (resource_id)
    LEFT JOIN linked_resources AS r USING (resource_id)
    WHERE u.status NOT IN ('throttled', 'cache_hit')
),
finest AS (
    SELECT link_key, model, hour, source, min(coarseness) AS coarseness
    FROM logged
    WHERE is_call
    GROUP BY ALL
),
named AS (
    SELECT l.* REPLACE (l.is_call AND l.coarseness IS NOT DISTINCT FROM f.coarseness AS is_call)
    FROM logged AS l
    LEFT JOIN finest AS f USING (link_key, model, hour, source)
),
single_live AS (
    SELECT d.link_key, n.hour, d.model, min(d.model_version) AS model_version
    FROM (SELECT DISTINCT link_key, hour, model FROM named WHERE model_version = '' AND is_known) AS n
    INNER JOIN links AS d
        ON d.kind = 'deployment' AND d.link_key = n.link_key AND d.model = n.model
        AND d.valid_from < n.hour + INTERVAL 1 HOUR AND d.valid_until > n.hour
    GROUP BY d.link_key, n.hour, d.model
    HAVING count(DISTINCT d.model_version) = 1
)
SELECT
    n.hour,
    coalesce(nullif(n.provider, ''), b.provider, '') AS provider,
    n.link_key,
    n.model,
    coalesce(s.model_version, n.model_version) AS model_version,
    n.is_known,
    n.use_case,
    n.tenant,
    coalesce(n.is_batch, false) AS is_batch,
    coalesce(sum(n.requests) FILTER (WHERE n.is_call), 0)::BIGINT AS requests,
    coalesce(sum(n.requests_with_tokens) FILTER (WHERE n.is_call), 0)::BIGINT AS requests_with_tokens,
    coalesce(sum(n.requests_with_gpu_time) FILTER (WHERE n.is_call), 0)::BIGINT
        AS requests_with_gpu_time,
    sum(n.input_tokens - n.cache_read - n.cache_write) FILTER (WHERE n.is_call)::BIGINT
        AS input_tokens,
    sum(n.cache_read) FILTER (WHERE n.is_call AND n.input_tokens IS NOT NULL)::BIGINT
        AS input_tokens_cache_read,
    sum(n.cache_write) FILTER (WHERE n.is_call AND n.input_tokens IS NOT NULL)::BIGINT
        AS input_tokens_cache_write,
    sum(n.output_tokens) FILTER (WHERE n.is_call)::BIGINT AS output_tokens,
    sum(n.images) FILTER (WHERE n.is_call)::BIGINT AS images,
    sum(n.gpu_microseconds) FILTER (WHERE n.is_call)::BIGINT AS gpu_microseconds,
    sum(n.gpu_microseconds) FILTER (WHERE n.coarseness IS NULL)::BIGINT AS gpu_sampled_microseconds,
    sum(n.gpu_held_microseconds)::BIGINT AS gpu_held_microseconds
FROM named AS n
LEFT JOIN single_live AS s
    ON n.model_version = '' AND s.link_key = n.link_key AND s.hour = n.hour AND s.model = n.model
LEFT JOIN only_billed_by AS b ON b.model = n.model
GROUP BY ALL
