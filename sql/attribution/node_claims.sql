-- Who claims which part of each hour of a node that pods share: what worked, what was held and not
-- busy, and what nobody held; of that, what the replicas of a version that rolls out on the node itself
-- could have served, less what they did, is its update.
-- grain:  hour_id, split, bucket, model, model_version, component, method, evidence
-- params: $idle_measure text (capacity | quiet_hours)
WITH hours AS (
    SELECT hour_id, max(whole) AS whole, sum(used) AS used, sum(idle) AS idle,
        greatest(0, max(whole) - sum(used) - sum(idle)) AS free,
        $idle_measure = 'capacity' OR sum(used) = 0 AS has_idle
    FROM node_shares
    GROUP BY hour_id
),
wanted AS (
    SELECT h.hour_id, h.free, d.model, d.model_version,
        greatest(0, h.whole * d.rollout_replica_us // t.replica_us - coalesce(s.had, 0)) AS extra
    FROM hours AS h
    INNER JOIN live_deployments AS d USING (hour_id)
    INNER JOIN (
        SELECT hour_id, sum(replica_us) AS replica_us FROM live_deployments GROUP BY hour_id
    ) AS t USING (hour_id)
    LEFT JOIN (
        SELECT hour_id, model, model_version, sum(used) AS had
        FROM node_shares
        WHERE component IN ('inference', 'update')
        GROUP BY ALL
    ) AS s USING (hour_id, model, model_version)
    WHERE d.rollout_replica_us > 0
),
updates AS (
    SELECT hour_id, model, model_version,
        extra * least(free, sum(extra) OVER by_hour) // greatest(1, sum(extra) OVER by_hour) AS updated
    FROM wanted
    WINDOW by_hour AS (PARTITION BY hour_id)
),
claims AS (
    SELECT hour_id, 'capacity' AS split, bucket, model, model_version, component, method, evidence,
        used AS weight
    FROM node_shares
    UNION ALL
    SELECT hour_id, 'capacity', 'model_version', model, model_version, 'update', 'usage', 'roll-out', updated
    FROM updates
    UNION ALL
    SELECT hour_id, 'capacity', 'idle', '', '', '', 'usage', 'held by pods, not busy', idle
    FROM hours
    WHERE has_idle
    UNION ALL
    SELECT h.hour_id, 'capacity', 'idle', '', '', '', 'usage', 'held by no pod',
        h.free - coalesce(u.updated, 0)
    FROM hours AS h
    LEFT JOIN (SELECT hour_id, sum(updated) AS updated FROM updates GROUP BY hour_id) AS u
        USING (hour_id)
    WHERE h.has_idle
    UNION ALL
    -- bandwidth and volumes are never idle
    SELECT s.hour_id, 'use', s.bucket, s.model, s.model_version, s.component, s.method, s.evidence,
        CASE WHEN h.used > 0 THEN s.used ELSE s.idle END
    FROM node_shares AS s
    INNER JOIN hours AS h USING (hour_id)
)
SELECT
    hour_id,
    split,
    bucket,
    model,
    model_version,
    component,
    method,
    min(evidence) AS evidence,
    sum(weight)::HUGEINT AS weight
FROM claims
WHERE weight > 0
GROUP BY hour_id, split, bucket, model, model_version, component, method,
    CASE WHEN bucket = 'idle' THEN evidence END
