-- What is needed to tell the GPU time of a token from hours in which both were measured: the sums of the
-- products of input (i), cached (c) and output tokens (o) and GPU microseconds (g).
-- grain:  model, model_version
-- params: none
WITH hourly AS (
    SELECT
        n.model,
        n.model_version,
        u.hour,
        sum(coalesce(u.input_tokens, 0) - coalesce(u.input_tokens_cache_read, 0))::HUGEINT AS i,
        sum(coalesce(u.input_tokens_cache_read, 0))::HUGEINT AS c,
        sum(coalesce(u.output_tokens, 0))::HUGEINT AS o,
        sum(u.gpu_microseconds)::HUGEINT AS g
    FROM usage AS u
    INNER JOIN log_names AS n
        ON n.log_model = u.model AND n.log_version = u.model_version
        AND u.hour >= n.valid_from AND u.hour < n.valid_until
    WHERE u.is_counted AND u.grain NOT IN ('allocation', 'sample') AND n.is_known AND n.model_version <> ''
      AND u.status NOT IN ('throttled', 'cache_hit')
      AND u.requests > 0 AND u.requests = u.requests_with_gpu_time AND u.requests = u.requests_with_tokens
    GROUP BY ALL
)
SELECT
    model,
    model_version,
    count(*) AS hours,
    sum(i)::VARCHAR AS i,
    sum(c)::VARCHAR AS c,
    sum(o)::VARCHAR AS o,
    sum(g)::VARCHAR AS g,
    sum(i * i)::HUGEINT::VARCHAR AS ii,
    sum(i * c)::HUGEINT::VARCHAR AS ic,
    sum(i * o)::HUGEINT::VARCHAR AS io,
    sum(c * c)::HUGEINT::VARCHAR AS cc,
    sum(c * o)::HUGEINT::VARCHAR AS co,
    sum(o * o)::HUGEINT::VARCHAR AS oo,
    sum(i * g)::HUGEINT::VARCHAR AS ig,
    sum(c * g)::HUGEINT::VARCHAR AS cg,
    sum(o * g)::HUGEINT::VARCHAR AS og
FROM hourly
WHERE g > 0
GROUP BY ALL
ORDER BY ALL
