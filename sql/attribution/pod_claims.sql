-- Who claims a node's charge through its pods: the parent carries the money, the split rows the shares.
-- Used parts go to the pod's versions (by the log where several serve in one pod), to the model its
-- tags name, or to not_ai; the unused part is idle.
-- grain:  origin_id, bucket, model, model_version, component
-- params: none
WITH shares AS (
    SELECT
        c.origin_id,
        s.source,
        s.x_ShareId,
        s.Tags AS tags,
        greatest(0, s.used_cost * 1000000000)::HUGEINT AS used,
        greatest(0, s.unused_cost * 1000000000)::HUGEINT AS unused
    FROM split_shares AS s
    INNER JOIN linked_charges AS c
        ON c.source = s.source AND c.resource_id = s.x_ParentResourceId
        AND c.starts_at = s.ChargePeriodStart AND c.ends_at = s.ChargePeriodEnd
    WHERE c.split = 'capacity'
),
totals AS (
    SELECT origin_id, sum(used + unused) AS total FROM shares GROUP BY origin_id
),
pods AS (
    -- in 1e-18 of the node's charge
    SELECT
        s.origin_id,
        s.source,
        s.x_ShareId,
        s.tags,
        1000000000000000000::HUGEINT * s.used // t.total AS used,
        1000000000000000000::HUGEINT * s.unused // t.total AS unused
    FROM shares AS s
    INNER JOIN totals AS t USING (origin_id)
    WHERE t.total > 0
),
hour_totals AS (
    SELECT hour_id, sum(weight) AS weight FROM hour_claims WHERE split = 'use' GROUP BY hour_id
),
pod_spans AS (
    SELECT p.source, p.x_ShareId, h.hour_id, t.weight AS hour_weight,
        count(*) OVER (PARTITION BY p.source, p.x_ShareId) AS hours
    FROM pod_hours AS p
    INNER JOIN resource_hours AS h ON h.link_key = p.link_key AND h.hour = p.hour
    INNER JOIN hour_totals AS t ON t.hour_id = h.hour_id
),
claims AS (
    SELECT p.origin_id, c.bucket, c.model, c.model_version, c.component, c.method,
        'pod: ' || c.evidence AS evidence,
        p.used // h.hours * c.weight // h.hour_weight AS weight
    FROM pods AS p
    INNER JOIN pod_spans AS h ON h.source = p.source AND h.x_ShareId = p.x_ShareId
    INNER JOIN hour_claims AS c ON c.hour_id = h.hour_id AND c.split = 'use'
    UNION ALL
    SELECT p.origin_id,
        CASE WHEN n.model IS NULL THEN 'not_ai' WHEN n.model_version = '' THEN 'model' ELSE 'model_version' END,
        coalesce(n.model, ''),
        coalesce(n.model_version, ''),
        CASE WHEN n.model IS NULL THEN '' ELSE coalesce(m.component, 'inference') END,
        'usage',
        CASE WHEN n.model IS NULL THEN 'pod without AI' ELSE 'pod: tag' END,
        p.used
    FROM pods AS p
    ANTI JOIN pod_spans AS h ON h.source = p.source AND h.x_ShareId = p.x_ShareId
    LEFT JOIN tag_sets AS t ON t.tags = p.tags AND t.allocated_tags = ''
    LEFT JOIN tag_names AS n ON n.tag_model = t.tag_model AND n.tag_version = t.tag_version
    LEFT JOIN tag_components AS m ON m.tag_component = t.tag_component
    UNION ALL
    SELECT origin_id, 'idle', '', '', '', 'usage', 'unused part of the node', unused FROM pods
)
SELECT
    origin_id,
    bucket,
    model,
    model_version,
    component,
    CASE WHEN bool_or(method = 'usage') THEN 'usage' ELSE min(method) END AS method,
    min(evidence) AS evidence,
    sum(weight)::HUGEINT AS weight
FROM claims
WHERE weight > 0
GROUP BY ALL
