-- What the log measured of the models that are billed by what they are asked, day by day.
-- What ran on a machine that is billed by the hour is no token of a bill.
-- grain:  charge_date, provider, model, model_version, is_batch
-- params: $month_start timestamp, $until timestamp
SELECT
    strftime(n.hour, '%Y-%m-%d') AS charge_date,
    n.provider,
    n.model,
    n.model_version,
    n.is_batch,
    sum(n.requests)::BIGINT AS requests,
    sum(n.requests - n.requests_with_tokens)::BIGINT AS requests_unmeasured,
    sum(n.input_tokens)::BIGINT AS input_tokens,
    sum(n.input_tokens_cache_read)::BIGINT AS input_tokens_cache_read,
    sum(n.input_tokens_cache_write)::BIGINT AS input_tokens_cache_write,
    sum(n.output_tokens)::BIGINT AS output_tokens,
    sum(n.images)::BIGINT AS images
FROM named_usage AS n
WHERE n.hour >= $month_start AND n.hour < $until
  AND n.link_key NOT IN (SELECT link_key FROM machine_keys)
GROUP BY ALL
ORDER BY ALL
