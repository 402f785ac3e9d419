-- What each version did on each day, in the measures that formulas are fed with.
-- grain:  day x model x version
-- params: none (reads table named_usage)
SELECT
    strftime(hour, '%Y-%m-%d') AS day,
    model,
    model_version,
    sum(requests)::BIGINT AS requests,
    coalesce(sum(input_tokens), 0)::BIGINT AS uncached_input_tokens,
    coalesce(sum(input_tokens_cache_read), 0)::BIGINT AS cached_tokens,
    coalesce(sum(input_tokens_cache_write), 0)::BIGINT AS cache_write_tokens,
    coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
    coalesce(sum(images), 0)::BIGINT AS images,
    coalesce(sum(gpu_microseconds), sum(gpu_sampled_microseconds), 0)::BIGINT AS gpu_hours
FROM named_usage
WHERE is_known AND model_version <> ''
GROUP BY ALL
