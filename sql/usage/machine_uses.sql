-- What logs and samples measured on each billed machine, per model version. Samples of the machine's
-- own counters come before what its calls say of themselves.
-- grain:  resource_id, model, model_version
-- params: $month_start timestamp, $until timestamp
SELECT
    link_key AS resource_id,
    model,
    model_version,
    sum(requests)::BIGINT AS requests,
    coalesce(sum(gpu_sampled_microseconds), sum(gpu_microseconds))::BIGINT AS gpu_microseconds,
    sum(gpu_held_microseconds)::BIGINT AS gpu_held_microseconds
FROM named_usage
WHERE link_key IN (SELECT link_key FROM machine_keys)
  AND hour >= $month_start AND hour < $until
GROUP BY ALL
ORDER BY ALL
