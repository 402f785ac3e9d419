-- GPU time measured on a billed machine beside the accelerators' billed time, day by day.
-- grain:  charge_date, provider, resource_id
-- params: $month_start timestamp, $until timestamp
WITH billed AS (
    SELECT
        strftime(h.hour, '%Y-%m-%d') AS charge_date,
        min(h.provider) AS provider,
        h.link_key AS resource_id,
        sum(h.machine_seconds * coalesce(a.milli_gpus, h.milli_gpus)) AS milli_gpu_seconds
    FROM machine_hours AS h
    LEFT JOIN resource_accelerators AS a USING (link_key)
    GROUP BY charge_date, h.link_key
),
measured AS (
    SELECT
        strftime(n.hour, '%Y-%m-%d') AS charge_date,
        coalesce(p.node_key, n.link_key) AS resource_id,
        coalesce(sum(n.gpu_sampled_microseconds), sum(n.gpu_microseconds)) AS gpu_microseconds
    FROM named_usage AS n
    LEFT JOIN pod_nodes AS p ON p.pod_key = n.link_key
    WHERE n.hour >= $month_start AND n.hour < $until
    GROUP BY ALL
)
SELECT
    b.charge_date,
    b.provider,
    b.resource_id,
    b.milli_gpu_seconds,
    m.gpu_microseconds::BIGINT AS gpu_microseconds
FROM billed AS b
INNER JOIN measured AS m USING (charge_date, resource_id)
WHERE b.milli_gpu_seconds IS NOT NULL AND m.gpu_microseconds IS NOT NULL
ORDER BY ALL
