-- Billed machine time day by day, how much of it was watched, and whom it worked for if for one only.
-- grain:  charge_date, provider, resource_id, sku, is_training
-- params: none
WITH kinds AS (
    SELECT
        link_key,
        bool_or(kind = 'run') AND NOT bool_or(kind = 'deployment') AS is_run
    FROM links
    GROUP BY link_key
)
SELECT
    strftime(h.hour, '%Y-%m-%d') AS charge_date,
    h.provider,
    h.link_key AS resource_id,
    CASE
        WHEN count(DISTINCT nullif(h.model, '')) = 1 THEN max(h.model)
        ELSE ''
    END AS model,
    CASE
        WHEN count(DISTINCT nullif(h.model, '')) = 1 AND count(DISTINCT nullif(h.model_version, '')) = 1
            THEN max(h.model_version)
        ELSE ''
    END AS model_version,
    h.usage_type AS sku,
    coalesce(k.is_run, false) OR regexp_matches(h.link_key, '(^|/)[a-z-]*jobs?/[^/]*$') AS is_training,
    sum(h.machine_seconds) AS seconds,
    coalesce(sum(h.machine_seconds) FILTER (WHERE h.is_watched), 0) AS watched_seconds,
    count(DISTINCT h.hour) AS hours_billed,
    count(DISTINCT h.hour) FILTER (WHERE NOT h.is_watched) AS hours_missing
FROM machine_hours AS h
LEFT JOIN kinds AS k USING (link_key)
GROUP BY charge_date, h.provider, h.link_key, h.usage_type, is_training
ORDER BY ALL
