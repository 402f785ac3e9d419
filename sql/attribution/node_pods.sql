-- What each pod held of its node in each billed hour, and how much of the GPU time was busy: from the
-- list of allocations, else from the samples of the GPUs. Samples that name no allocated pod are the
-- busy time of the pods without samples of their own, by what those hold. GPU time that no pod held is
-- held by a pod of no name that holds nothing: the hour is known, and what is left of it nobody's.
-- Only nodes that work for some model: one with an accelerator in use, or with a pod of a model.
-- grain:  node_key, hour, pod_key
-- params: $no_pod text (what samples name where no pod held the GPU)
WITH logged AS (
    SELECT
        coalesce(r.link_key, k.resource_key) AS node_key,
        u.hour,
        CASE
            WHEN u.model = $no_pod THEN ''
            WHEN u.model_version = '' THEN lower(trim(u.model))
            ELSE lower(trim(u.model)) || '/' || lower(trim(u.model_version))
        END AS pod_key,
        u.grain,
        max(CASE WHEN n.is_known AND n.model_version = '' THEN n.model ELSE '' END) AS model,
        sum(u.gpu_held_microseconds)::HUGEINT AS held_us,
        sum(u.gpu_microseconds)::HUGEINT AS busy_us,
        sum(u.vcpu_milliseconds)::HUGEINT AS vcpu_ms,
        sum(u.memory_gib_milliseconds)::HUGEINT AS memory_gib_ms
    FROM usage AS u
    INNER JOIN resource_keys AS k USING (resource_id)
    LEFT JOIN linked_resources AS r USING (resource_id)
    LEFT JOIN log_names AS n
        ON n.log_model = u.model AND n.log_version = u.model_version
        AND u.hour >= n.valid_from AND u.hour < n.valid_until
    WHERE u.grain IN ('allocation', 'sample') AND u.is_counted
    GROUP BY ALL
),
billed AS (
    SELECT l.*
    FROM logged AS l
    SEMI JOIN charge_hours AS h ON h.link_key = l.node_key AND h.hour = l.hour
),
allocated AS (
    SELECT
        a.* EXCLUDE (grain, busy_us),
        s.busy_us,
        s.busy_us IS NULL AND a.held_us > 0 AS is_without_sample
    FROM billed AS a
    LEFT JOIN billed AS s
        ON s.node_key = a.node_key AND s.hour = a.hour AND s.pod_key = a.pod_key AND s.grain = 'sample'
    WHERE a.grain = 'allocation'
),
stray AS (
    -- busy time of no allocated pod, on nodes whose allocations are known
    SELECT s.node_key, s.hour, sum(s.busy_us)::HUGEINT AS busy_us
    FROM billed AS s
    SEMI JOIN allocated AS n ON n.node_key = s.node_key AND n.hour = s.hour
    ANTI JOIN allocated AS a ON a.node_key = s.node_key AND a.hour = s.hour AND a.pod_key = s.pod_key
    WHERE s.grain = 'sample' AND s.pod_key <> ''
    GROUP BY s.node_key, s.hour
),
open AS (
    SELECT node_key, hour, sum(held_us)::HUGEINT AS held_us
    FROM allocated
    WHERE is_without_sample
    GROUP BY node_key, hour
),
pods AS (
    SELECT
        a.node_key,
        a.hour,
        a.pod_key,
        a.model,
        a.held_us,
        CASE WHEN a.is_without_sample THEN s.busy_us * a.held_us // o.held_us ELSE a.busy_us END AS busy_us,
        a.vcpu_ms,
        a.memory_gib_ms
    FROM allocated AS a
    LEFT JOIN stray AS s USING (node_key, hour)
    LEFT JOIN open AS o USING (node_key, hour)
    UNION ALL
    SELECT
        s.node_key,
        s.hour,
        s.pod_key,
        s.model,
        CASE WHEN s.pod_key <> '' THEN s.held_us ELSE 0 END,
        CASE WHEN s.pod_key <> '' THEN s.busy_us END,
        s.vcpu_ms,
        s.memory_gib_ms
    FROM billed AS s
    ANTI JOIN allocated AS a ON a.node_key = s.node_key AND a.hour = s.hour
    WHERE s.grain = 'sample'
),
known AS (
    SELECT link_key FROM links WHERE kind IN ('deployment', 'run')
    UNION
    SELECT link_key FROM uses
),
judged AS (
    SELECT
        p.*,
        k.link_key IS NOT NULL AS is_linked,
        p.pod_key = '' OR coalesce(p.held_us, 0) > 0 OR coalesce(p.busy_us, 0) > 0 AS has_gpu
    FROM pods AS p
    LEFT JOIN known AS k ON k.link_key = p.pod_key
)
SELECT
    *,
    bool_or(has_gpu) OVER (PARTITION BY node_key) AS is_gpu_node
FROM judged
QUALIFY bool_or(has_gpu OR is_linked OR model <> '') OVER (PARTITION BY node_key)
