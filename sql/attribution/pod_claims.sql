-- Who claims a node's charge through its pods: the parent carries the money, the split rows the shares.
-- Used parts go to the pod's versions (by the log where several serve in one pod), to the model its
-- tags name, or to not_ai; the unused part is idle.
-- grain:  origin_id, bucket, model, model_version, component
-- params: none
WITH pods AS (
    SELECT
        c.origin_id,
        r.link_key,
        date_trunc('hour', s.ChargePeriodStart) AS hour,
        s.Tags AS tags,
        greatest(0, s.used_cost * 1000000000)::HUGEINT AS used,
        greatest(0, s.unused_cost * 1000000000)::HUGEINT AS unused
    FROM split_shares AS s
    INNER JOIN linked_charges AS c
        ON c.source = s.source AND c.resource_id = s.x_ParentResourceId
        AND c.starts_at = s.ChargePeriodStart AND c.ends_at = s.ChargePeriodEnd
        AND c.split = 'capacity'
    LEFT JOIN linked_resources AS r ON r.resource_id = s.ResourceId
),
hour_totals AS (
    SELECT link_key, hour, sum(weight) AS weight FROM hour_claims WHERE split = 'use' GROUP BY ALL
),
claims AS (
    SELECT p.origin_id, c.bucket, c.model, c.model_version, c.component, c.method, 'pod: ' || c.evidence AS evidence,
        p.used * (c.weight * 100000 // t.weight) AS weight
    FROM pods AS p
    INNER JOIN hour_claims AS c ON c.link_key = p.link_key AND c.hour = p.hour AND c.split = 'use'
    INNER JOIN hour_totals AS t ON t.link_key = p.link_key AND t.hour = p.hour
    UNION ALL
    SELECT p.origin_id,
        CASE WHEN n.model IS NULL THEN 'not_ai' WHEN n.model_version = '' THEN 'model' ELSE 'model_version' END,
        coalesce(n.model, ''),
        coalesce(n.model_version, ''),
        CASE WHEN n.model IS NULL THEN '' ELSE coalesce(m.component, 'inference') END,
        'usage',
        CASE WHEN n.model IS NULL THEN 'pod without AI' ELSE 'pod: tag' END,
        p.used * 100000
    FROM pods AS p
    LEFT JOIN hour_totals AS h ON h.link_key = p.link_key AND h.hour = p.hour
    LEFT JOIN tag_sets AS t ON t.tags = p.tags
    LEFT JOIN tag_names AS n ON n.tag_model = t.tag_model AND n.tag_version = t.tag_version
    LEFT JOIN tag_components AS m ON m.tag_component = t.tag_component
    WHERE h.link_key IS NULL
    UNION ALL
    SELECT origin_id, 'idle', '', '', '', 'usage', 'unused part of the node', unused * 100000 FROM pods
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
