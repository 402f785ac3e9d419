-- Whose each part of a node's hour was, by its pods: what worked, what a version that rolls out held
-- beside the one it replaces, and what was held and not busy. In units of which the node has `whole`:
-- so many to its microsecond of GPU (vCPU) time that shares of it are exact.
-- A pod's share is the largest of its shares of what the node is known to have: GPU time (held or
-- busy, whichever is more), vCPUs, memory. Where nothing of a node is known, a vCPU weighs as nine GiB.
-- A run works as long as it holds; served pods work as long as their GPUs were busy, where measured.
-- grain:  hour_id, bucket, model, model_version, component, method, evidence
-- params: none
WITH hours AS (
    SELECT
        h.hour_id,
        h.link_key AS node_key,
        h.hour,
        h.capacity_us::HUGEINT AS gpu_us,
        h.machine_us::HUGEINT * z.milli_vcpus // 1000 AS vcpu_us,
        h.machine_us::HUGEINT * z.memory_mib AS memory_us
    FROM resource_hours AS h
    LEFT JOIN resource_sizes AS z USING (link_key)
    SEMI JOIN node_pods AS p ON p.node_key = h.link_key AND p.hour = h.hour
),
pods AS (
    SELECT
        h.* EXCLUDE (node_key, hour),
        p.pod_key,
        p.model,
        p.has_gpu,
        p.is_gpu_node,
        p.vcpu_ms,
        p.memory_gib_ms,
        -- on a node without accelerators a log of the whole node is its pods' only if none is known
        NOT p.is_gpu_node AND NOT bool_or(p.is_linked) OVER (PARTITION BY h.hour_id) AS is_alone,
        ph.hour_id AS pod_hour_id,
        greatest(coalesce(p.held_us, 0), coalesce(p.busy_us, 0)) AS hold_us,
        CASE
            WHEN r.hour_id IS NOT NULL THEN NULL
            WHEN p.busy_us IS NOT NULL THEN p.busy_us
            WHEN u.all_gpu THEN u.gpu_us
        END AS busy_us,
        r.hour_id IS NULL AND p.busy_us IS NULL AND u.link_key IS NULL
            AND coalesce(ph.is_watched, false) AND p.pod_key <> p.node_key AS is_quiet,
        9 * coalesce(p.vcpu_ms, 0) + coalesce(p.memory_gib_ms, 0) AS relative_share
    FROM node_pods AS p
    INNER JOIN hours AS h USING (node_key, hour)
    LEFT JOIN resource_hours AS ph ON p.is_linked AND ph.link_key = p.pod_key AND ph.hour = p.hour
    LEFT JOIN (SELECT DISTINCT hour_id FROM live_runs) AS r ON r.hour_id = ph.hour_id
    LEFT JOIN (
        SELECT link_key, hour, sum(gpu_us)::HUGEINT AS gpu_us, bool_and(all_gpu) AS all_gpu
        FROM uses
        WHERE requests > 0
        GROUP BY link_key, hour
    ) AS u ON p.is_linked AND u.link_key = p.pod_key AND u.hour = p.hour
),
bases AS (
    SELECT hour_id, base * greatest(1, 1000000000000000::HUGEINT // base) AS whole
    FROM (
        SELECT
            hour_id,
            CASE
                WHEN bool_or(is_gpu_node) THEN max(gpu_us)
                ELSE coalesce(max(vcpu_us), max(memory_us), sum(relative_share)::HUGEINT)
            END AS base
        FROM pods
        GROUP BY hour_id
    )
    WHERE base > 0
),
shared AS (
    SELECT
        p.* EXCLUDE (gpu_us, vcpu_us, memory_us, vcpu_ms, memory_gib_ms, relative_share),
        b.whole,
        CASE
            WHEN p.is_gpu_node OR p.vcpu_us IS NOT NULL OR p.memory_us IS NOT NULL
                THEN coalesce(greatest(
                    CASE WHEN p.is_gpu_node THEN b.whole * p.hold_us // p.gpu_us END,
                    b.whole * p.vcpu_ms * 1000 // p.vcpu_us,
                    b.whole * p.memory_gib_ms * 1024000 // p.memory_us
                ), 0)
            ELSE b.whole * p.relative_share // sum(p.relative_share) OVER (PARTITION BY p.hour_id)
        END::HUGEINT AS share
    FROM pods AS p
    INNER JOIN bases AS b USING (hour_id)
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
pod_claims AS (
    SELECT w.hour_id, w.pod_key, w.pod_hour_id, w.share, w.used AS pod_used, c.bucket, c.model, c.model_version,
        c.component, c.method, c.evidence, c.weight,
        sum(c.weight) OVER (PARTITION BY w.hour_id, w.pod_key) AS total
    FROM worked AS w
    INNER JOIN hour_claims AS c ON c.hour_id = w.pod_hour_id AND c.split = 'use'
),
wanted AS (
    -- what the replicas of a version that rolls out could have served of a pod, less what they did
    SELECT w.hour_id, w.pod_key, d.model, d.model_version, w.share - w.used AS unused,
        greatest(0, w.share * d.rollout_replica_us // t.replica_us - coalesce(s.served, 0)) AS extra
    FROM worked AS w
    INNER JOIN live_deployments AS d ON d.hour_id = w.pod_hour_id
    INNER JOIN (
        SELECT hour_id, sum(replica_us) AS replica_us FROM live_deployments GROUP BY hour_id
    ) AS t ON t.hour_id = w.pod_hour_id
    LEFT JOIN (
        SELECT hour_id, pod_key, model, model_version, sum(pod_used * weight // total) AS served
        FROM pod_claims
        WHERE component = 'inference'
        GROUP BY ALL
    ) AS s ON s.hour_id = w.hour_id AND s.pod_key = w.pod_key
        AND s.model = d.model AND s.model_version = d.model_version
    WHERE d.rollout_replica_us > 0 AND w.share > w.used
),
rolling AS (
    SELECT hour_id, pod_key, model, model_version,
        extra * least(unused, sum(extra) OVER by_pod) // greatest(1, sum(extra) OVER by_pod) AS updated
    FROM wanted
    WINDOW by_pod AS (PARTITION BY hour_id, pod_key)
),
held AS (
    SELECT w.* EXCLUDE (model, share, whole), w.model AS named_model,
        w.share - w.used - coalesce(r.updated, 0) AS idle
    FROM worked AS w
    LEFT JOIN (
        SELECT hour_id, pod_key, sum(updated) AS updated FROM rolling GROUP BY hour_id, pod_key
    ) AS r USING (hour_id, pod_key)
),
by_pod AS (
    SELECT c.hour_id, c.bucket, c.model, c.model_version, c.component, c.method,
        'pod: ' || c.evidence AS evidence,
        h.used * c.weight // c.total AS used,
        h.idle * c.weight // c.total AS idle
    FROM pod_claims AS c
    INNER JOIN held AS h USING (hour_id, pod_key)
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
SELECT
    c.hour_id,
    c.bucket,
    c.model,
    c.model_version,
    c.component,
    c.method,
    min(c.evidence) AS evidence,
    sum(c.used)::HUGEINT AS used,
    sum(c.idle)::HUGEINT AS idle,
    b.whole
FROM claims AS c
INNER JOIN bases AS b USING (hour_id)
GROUP BY ALL
