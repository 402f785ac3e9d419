-- What the month's logs measured of each model version, by use case and tenant.
-- grain:  model, model_version, use_case, tenant
-- params: $month_start, $month_end timestamp
SELECT
    model,
    model_version,
    use_case,
    tenant,
    sum(requests)::BIGINT AS requests,
    sum(requests_with_tokens)::BIGINT AS requests_with_tokens,
    sum(requests_with_gpu_time)::BIGINT AS requests_with_gpu_time,
    coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
    coalesce(sum(input_tokens_cache_read), 0)::BIGINT AS input_tokens_cache_read,
    coalesce(sum(input_tokens_cache_write), 0)::BIGINT AS input_tokens_cache_write,
    coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
    coalesce(sum(images), 0)::BIGINT AS images,
    coalesce(sum(gpu_microseconds), 0)::BIGINT AS gpu_microseconds,
    coalesce(sum(gpu_sampled_microseconds), 0)::BIGINT AS gpu_sampled_microseconds,
    coalesce(sum(gpu_held_microseconds), 0)::BIGINT AS gpu_held_microseconds
FROM named_usage
WHERE hour >= $month_start AND hour < $month_end
GROUP BY ALL
ORDER BY ALL
