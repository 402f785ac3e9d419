-- The runs on each resource in each hour, and for how long.
-- grain:  hour_id, model, model_version, component
-- params: none
SELECT
    h.hour_id,
    r.model,
    r.model_version,
    r.component,
    sum(epoch_us(least(r.valid_until, h.hour + INTERVAL 1 HOUR))
        - epoch_us(greatest(r.valid_from, h.hour)))::BIGINT AS run_us
FROM resource_hours AS h
INNER JOIN links AS r
    ON r.link_key = h.link_key
    AND r.valid_from < h.hour + INTERVAL 1 HOUR AND r.valid_until > h.hour
WHERE r.kind = 'run'
GROUP BY ALL
