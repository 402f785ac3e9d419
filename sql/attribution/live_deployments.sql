-- The deployments live in each hour of their resource, for how long, and how much of that was roll-out.
-- grain:  link_key, hour, model, model_version
-- params: none
WITH live AS (
    SELECT
        h.link_key,
        h.hour,
        d.model,
        d.model_version,
        d.replicas,
        epoch_us(least(d.valid_until, h.hour + INTERVAL 1 HOUR))
            - epoch_us(greatest(d.valid_from, h.hour)) AS live_us
    FROM resource_hours AS h
    INNER JOIN links AS d
        ON d.kind = 'deployment' AND d.link_key = h.link_key
        AND d.valid_from < h.hour + INTERVAL 1 HOUR AND d.valid_until > h.hour
),
rolling AS (
    SELECT
        l.link_key,
        l.hour,
        l.model,
        l.model_version,
        max(epoch_us(least(r.valid_until, l.hour + INTERVAL 1 HOUR))
            - epoch_us(greatest(r.valid_from, l.hour))) AS rollout_us
    FROM live AS l
    INNER JOIN rollouts AS r
        ON r.link_key = l.link_key AND r.model = l.model AND r.model_version = l.model_version
        AND r.valid_from < l.hour + INTERVAL 1 HOUR AND r.valid_until > l.hour
    GROUP BY ALL
)
SELECT
    l.link_key,
    l.hour,
    l.model,
    l.model_version,
    sum(l.replicas * l.live_us)::BIGINT AS replica_us,
    least(sum(l.live_us), coalesce(max(r.rollout_us), 0))::BIGINT * max(l.replicas) AS rollout_replica_us
FROM live AS l
LEFT JOIN rolling AS r USING (link_key, hour, model, model_version)
GROUP BY ALL
