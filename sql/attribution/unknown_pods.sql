-- Pods that held accelerators and that nobody knows, on nodes whose log does not say it either.
-- grain:  pod_key
-- params: none
SELECT
    p.pod_key,
    round(sum(greatest(coalesce(p.held_us, 0), coalesce(p.busy_us, 0))) / 3600000000, 1)::DECIMAL(18, 1)
        AS gpu_hours
FROM node_pods AS p
INNER JOIN resource_hours AS h ON h.link_key = p.node_key AND h.hour = p.hour
WHERE p.has_gpu AND p.pod_key <> '' AND NOT p.is_linked AND p.model = ''
  AND h.hour_id IN (SELECT hour_id FROM node_shares WHERE bucket = 'unattributed' AND used + idle > 0)
GROUP BY p.pod_key
ORDER BY gpu_hours DESC, p.pod_key
