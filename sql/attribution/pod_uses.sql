-- The logged use of pods whose requests were logged elsewhere: on their node, else under the name of
-- the service in front of them. A version's use is shared by the pods that serve it as they hold GPU
-- time (CPU time where they hold none); requests in thousandths.
-- grain:  link_key (the pod), hour, model, model_version
-- params: none
WITH serving AS (
    SELECT
        p.node_key,
        p.hour,
        p.pod_key,
        l.model,
        l.model_version,
        greatest(1, coalesce(nullif(max(p.held_us), 0), max(p.vcpu_ms), 1))::HUGEINT AS held
    FROM node_pods AS p
    INNER JOIN links AS l
        ON l.link_key = p.pod_key AND l.kind = 'deployment'
        AND l.valid_from < p.hour + INTERVAL 1 HOUR AND l.valid_until > p.hour
    ANTI JOIN uses AS u ON u.link_key = p.pod_key AND u.hour = p.hour
    GROUP BY ALL
),
on_node AS (
    SELECT s.*, u.requests, u.gpu_us, u.token_work, u.all_gpu, u.all_tokens,
        sum(s.held) OVER (PARTITION BY s.node_key, s.hour, s.model, s.model_version) AS all_held
    FROM serving AS s
    INNER JOIN uses AS u
        ON u.link_key = s.node_key AND u.hour = s.hour AND u.is_known
        AND u.model = s.model AND u.model_version = s.model_version
),
services AS (
    SELECT u.hour, u.model, u.model_version, sum(u.requests) AS requests, sum(u.gpu_us) AS gpu_us,
        sum(u.token_work) AS token_work, bool_and(u.all_gpu) AS all_gpu, bool_and(u.all_tokens) AS all_tokens
    FROM uses AS u
    -- neither pods nor nodes nor machines that are billed themselves
    ANTI JOIN node_pods AS p ON p.pod_key = u.link_key
    ANTI JOIN node_pods AS n ON n.node_key = u.link_key
    ANTI JOIN linked_charges AS c ON c.link_key = u.link_key
    WHERE u.is_known
    GROUP BY ALL
),
by_service AS (
    SELECT s.*, u.requests, u.gpu_us, u.token_work, u.all_gpu, u.all_tokens,
        sum(s.held) OVER (PARTITION BY s.hour, s.model, s.model_version) AS all_held
    FROM serving AS s
    INNER JOIN services AS u USING (hour, model, model_version)
    ANTI JOIN on_node AS n ON n.node_key = s.node_key AND n.hour = s.hour AND n.pod_key = s.pod_key
)
SELECT
    pod_key AS link_key,
    hour,
    model,
    model_version,
    true AS is_known,
    greatest(least(requests, 1), requests::HUGEINT * 1000 * held // all_held)::BIGINT AS requests,
    (gpu_us::HUGEINT * held // all_held)::BIGINT AS gpu_us,
    (token_work::HUGEINT * held // all_held)::BIGINT AS token_work,
    all_gpu,
    all_tokens
FROM (FROM on_node UNION ALL FROM by_service)
