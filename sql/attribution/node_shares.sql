-- Whose each part of a node's hour was, by its pods, in 1e-15 of the hour: what worked, what a version
-- that rolls out held beside the one it replaces, and what was held and not busy.
-- A pod's share is the largest of its shares of what the node is known to have: GPU time (held or
-- busy, whichever is more), vCPUs, memory. Where nothing of a node is known, a vCPU weighs as nine GiB.
-- A run works as long as it holds; served pods work as long as their GPUs were busy, where measured.
-- grain:  hour_id, bucket, model, model_version, component, method, evidence
-- params: none
WITH pods AS (
    SELECT
        h.hour_id,
        p.pod_key,
        p.model,
        p.has_gpu,
        -- on a node without accelerators a log of the whole node is its pods' only if none is known
        NOT p.is_gpu_node AND NOT bool_or(p.is_linked) OVER (PARTITION BY h.hour_id) AS is_alone,
        ph.hour_id AS pod_hour_id,
        greatest(coalesce(p.held_us, 0), coalesce(p.busy_us, 0)) AS hold_us,
        CASE
            WHEN r.hour_id IS NOT NULL THEN NULL
            WHEN p.busy_us IS NOT NULL THEN p.busy_us
            WHEN u.all_gpu THEN u.gpu_us
        END AS busy_us,
        r.hour_id IS NULL AND p.busy_us IS NULL AND u.link_key IS NULL AND coalesce(ph.is_watched, false)
            AS is_quiet,
        greatest(
            CASE
                WHEN p.is_gpu_node
                    THEN 1000000000000000::HUGEINT * greatest(coalesce(p.held_us, 0), coalesce(p.busy_us, 0))
                        // h.capacity_us
            END,
            1000000000000000::HUGEINT * p.vcpu_ms * 1000 // (h.machine_us::HUGEINT * z.milli_vcpus // 1000),
            1000000000000000::HUGEINT * p.memory_gib_ms * 1024 // (h.machine_us::HUGEINT * z.memory_mib // 1000)
        ) AS share,
        9 * coalesce(p.vcpu_ms, 0) + coalesce(p.memory_gib_ms, 0) AS relative_share,
        p.is_gpu_node OR z.milli_vcpus IS NOT NULL OR z.memory_mib IS NOT NULL AS is_sized
    FROM node_pods AS p
    INNER JOIN resource_hours AS h ON h.link_key = p.node_key AND h.hour = p.hour
    LEFT JOIN resource_sizes AS z ON z.link_key = p.node_key
    LEFT JOIN resource_hours AS ph ON p.is_linked AND ph.link_key = p.pod_key AND ph.hour = p.hour
    LEFT JOIN (SELECT DISTINCT hour_id FROM live_runs) AS r ON r.hour_id = ph.hour_id
    LEFT JOIN (
        SELECT link_key, hour, sum(gpu_us)::HUGEINT AS gpu_us, bool_and(all_gpu) AS all_gpu
        FROM uses
        WHERE requests > 0
        GROUP BY link_key, hour
    ) AS u ON p.is_linked AND u.link_key = p.pod_key AND u.hour = p.hour
),
relative AS (
    SELECT hour_id, sum(relative_share)::HUGEINT AS total FROM pods WHERE NOT is_sized GROUP BY hour_id
),
shared AS (
    SELECT p.* REPLACE (
        CASE
            WHEN p.is_sized THEN coalesce(p.share, 0)
            WHEN t.total > 0 THEN 1000000000000000::HUGEINT * p.relative_share // t.total
            ELSE 0
        END AS share
    )
    FROM pods AS p
    LEFT JOIN relative AS t USING (hour_id)
),
worked AS (
    SELECT *,
        CASE
            WHEN is_quiet THEN 0
            WHEN busy_us IS NULL OR hold_us = 0 THEN share
            ELSE share * least(busy_us, hold_us) // hold_us
        END AS used
    FROM shared
),
rolling AS (
    -- of what a pod held and did not use: the part of its versions that roll out
    SELECT w.hour_id, w.pod_key, d.model, d.model_version,
        (w.share - w.used) * d.rollout_replica_us // t.replica_us AS updated
    FROM worked AS w
    INNER JOIN live_deployments AS d ON d.hour_id = w.pod_hour_id
    INNER JOIN (
        SELECT hour_id, sum(replica_us) AS replica_us FROM live_deployments GROUP BY hour_id
    ) AS t ON t.hour_id = w.pod_hour_id
    WHERE d.rollout_replica_us > 0 AND w.share > w.used
),
held AS (
    SELECT w.* EXCLUDE (model, share), w.model AS named_model,
        w.share - w.used - coalesce(r.updated, 0) AS idle
    FROM worked AS w
    LEFT JOIN (
        SELECT hour_id, pod_key, sum(updated) AS updated FROM rolling GROUP BY hour_id, pod_key
    ) AS r USING (hour_id, pod_key)
),
by_pod AS (
    SELECT h.hour_id, c.bucket, c.model, c.model_version, c.component, c.method,
        'pod: ' || c.evidence AS evidence,
        h.used * c.weight // t.weight AS used,
        h.idle * c.weight // t.weight AS idle
    FROM held AS h
    INNER JOIN hour_claims AS c ON c.hour_id = h.pod_hour_id AND c.split = 'use'
    INNER JOIN (
        SELECT hour_id, sum(weight) AS weight FROM hour_claims WHERE split = 'use' GROUP BY hour_id
    ) AS t ON t.hour_id = h.pod_hour_id
),
unknown AS (
    SELECT h.*
    FROM held AS h
    ANTI JOIN hour_claims AS c ON c.hour_id = h.pod_hour_id AND c.split = 'use'
),
by_node AS (
    -- the node's own log, deployments and runs, less what pods that are known took of them
    SELECT u.pod_key, u.used AS pod_used, u.idle AS pod_idle, c.*,
        sum(c.weight) OVER (PARTITION BY c.hour_id, u.pod_key) AS total
    FROM unknown AS u
    INNER JOIN hour_claims AS c
        ON c.hour_id = u.hour_id AND c.split = 'use' AND u.named_model IN ('', c.model)
    ANTI JOIN by_pod AS p
        ON p.hour_id = c.hour_id AND p.model = c.model AND p.model_version = c.model_version
        AND p.component = c.component
    WHERE u.has_gpu OR u.is_alone
),
claims AS (
    FROM by_pod
    UNION ALL
    SELECT hour_id, 'model_version', model, model_version, 'update', 'usage', 'pod: roll-out', updated, 0
    FROM rolling
    UNION ALL
    SELECT hour_id, bucket, model, model_version, component, method, 'node: ' || evidence,
        pod_used * weight // total, pod_idle * weight // total
    FROM by_node
    UNION ALL
    SELECT
        u.hour_id,
        CASE
            WHEN u.named_model <> '' THEN 'model'
            WHEN u.has_gpu THEN 'unattributed'
            ELSE 'not_ai'
        END,
        u.named_model,
        '',
        CASE WHEN u.named_model <> '' THEN 'inference' ELSE '' END,
        'usage',
        CASE
            WHEN u.named_model <> '' THEN 'pod: name'
            WHEN u.has_gpu THEN 'pod with an accelerator, of no known model'
            ELSE 'pod without AI'
        END,
        u.used,
        u.idle
    FROM unknown AS u
    ANTI JOIN by_node AS c USING (hour_id, pod_key)
)
SELECT hour_id, bucket, model, model_version, component, method, min(evidence) AS evidence,
    sum(used)::HUGEINT AS used, sum(idle)::HUGEINT AS idle
FROM claims
GROUP BY ALL
