-- The deployments live in each hour of their resource, for how long, and how much of that was roll-out.
-- grain:  hour_id, model, model_version
-- params: none
WITH live AS (
    SELECT
        h.hour_id,
        h.link_key,
        h.hour,
        d.model,
        d.model_version,
        d.replicas,
        epoch_us(least(d.valid_until, h.hour + INTERVAL 1 HOUR))
            - epoch_us(greatest(d.valid_from, h.hour)) AS live_us
    FROM resource_hours AS h
    INNER JOIN links AS d
        ON d.link_key = h.link_key
        AND d.valid_from < h.hour + INTERVAL 1 HOUR AND d.valid_until > h.hour
    WHERE d.kind = 'deployment'
),
rolling AS (
    SELECT
        l.hour_id,
        l.model,
        l.model_version,
        max(epoch_us(least(r.valid_until, l.hour + INTERVAL 1 HOUR))
            - epoch_us(greatest(r.valid_from, l.hour))) AS rollout_us
    FROM live AS l
    INNER JOIN rollouts AS r
        ON r.link_key = l.link_key AND r.model = l.model AND r.model_version = l.model_version
        AND r.valid_from < l.hour + INTERVAL 1 HOUR AND r.valid_until > l.hour
    GROUP BY ALL
),
summed AS (
    SELECT hour_id, model, model_version, sum(replicas * live_us)::BIGINT AS replica_us,
        sum(live_us)::BIGINT AS live_us, max(replicas) AS replicas
    FROM live
    GROUP BY ALL
)
SELECT
    s.hour_id,
    s.model,
    s.model_version,
    s.replica_us,
    least(s.live_us, coalesce(r.rollout_us, 0)) * s.replicas AS rollout_replica_us
FROM summed AS s
LEFT JOIN rolling AS r USING (hour_id, model, model_version)
