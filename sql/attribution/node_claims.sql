-- Who claims which part of each hour of a node that pods share: what worked, what was held and not
-- busy, and what nobody held.
-- grain:  hour_id, split, bucket, model, model_version, component, method, evidence
-- params: $idle_measure text (capacity | quiet_hours)
WITH hours AS (
    SELECT hour_id, sum(used) AS used, sum(idle) AS idle,
        greatest(0, max(whole) - sum(used) - sum(idle)) AS free,
        $idle_measure = 'capacity' OR sum(used) = 0 AS has_idle
    FROM node_shares
    GROUP BY hour_id
),
claims AS (
    SELECT hour_id, 'capacity' AS split, bucket, model, model_version, component, method, evidence,
        used AS weight
    FROM node_shares
    UNION ALL
    SELECT hour_id, 'capacity', 'idle', '', '', '', 'usage', 'held by pods, not busy', idle
    FROM hours
    WHERE has_idle
    UNION ALL
    SELECT hour_id, 'capacity', 'idle', '', '', '', 'usage', 'held by no pod', free
    FROM hours
    WHERE has_idle
    UNION ALL
    -- bandwidth and volumes are never idle
    SELECT s.hour_id, 'use', s.bucket, s.model, s.model_version, s.component, s.method, s.evidence,
        CASE WHEN h.used > 0 THEN s.used ELSE s.idle END
    FROM node_shares AS s
    INNER JOIN hours AS h USING (hour_id)
)
SELECT hour_id, split, bucket, model, model_version, component, method, evidence, weight::HUGEINT AS weight
FROM claims
WHERE weight > 0
