-- What logs and samples measured on each billed machine, per model version. Samples of the machine's
-- own counters come before what its calls say of themselves; a pod's calls are its node's.
-- grain:  resource_id, model, model_version
-- params: $month_start timestamp, $until timestamp
SELECT
    coalesce(p.node_key, n.link_key) AS resource_id,
    n.model,
    n.model_version,
    sum(requests)::BIGINT AS requests,
    coalesce(sum(gpu_sampled_microseconds), sum(gpu_microseconds))::BIGINT AS gpu_microseconds,
    sum(gpu_held_microseconds)::BIGINT AS gpu_held_microseconds
FROM named_usage AS n
LEFT JOIN pod_nodes AS p ON p.pod_key = n.link_key
WHERE coalesce(p.node_key, n.link_key) IN (SELECT link_key FROM machine_keys)
  AND hour >= $month_start AND hour < $until
GROUP BY ALL
ORDER BY ALL
