-- Each hour of each linked resource: its capacity and whether it was watched.
-- Capacity is counted per resource-hour, not per bill line: one hour may come in two lines of two
-- accounts. One machine never works more than an hour in an hour.
-- grain:  hour_id (link_key, hour)
-- params: none
WITH charged AS (
    SELECT
        h.link_key,
        h.hour,
        h.overlap_us,
        c.machine_us,
        c.starts_at,
        c.ends_at,
        c.is_one_machine,
        CASE WHEN c.split = 'capacity' AND c.element = 'hardware' THEN c.milli_gpus END AS milli_gpus,
        c.split = 'use' AND c.first_hour = c.last_hour AS is_split_by_use
    FROM charge_hours AS h
    INNER JOIN linked_charges AS c USING (origin_id)
    UNION ALL
    -- a pod's hours: its charge is its node's
    SELECT DISTINCT link_key, hour, 0, NULL::HUGEINT, hour, hour, false, NULL, true
    FROM pod_hours
    WHERE link_key IS NOT NULL
    UNION ALL
    SELECT DISTINCT pod_key, hour, 0, NULL::HUGEINT, hour, hour, false, NULL, true
    FROM node_pods
    WHERE is_linked
    UNION ALL
    SELECT DISTINCT node_key, hour, 0, NULL::HUGEINT, hour, hour, false, NULL, true
    FROM node_pods
),
machine_time AS (
    SELECT
        link_key,
        hour,
        sum(machine_us * overlap_us // greatest(1, epoch_us(ends_at) - epoch_us(starts_at)))::BIGINT
            AS machine_us,
        max(milli_gpus) AS milli_gpus,
        bool_or(is_one_machine) AS is_one_machine,
        bool_or(is_split_by_use) AS is_split_by_use
    FROM charged
    GROUP BY link_key, hour
),
kinds AS (
    SELECT
        link_key,
        bool_or(kind IN ('deployment', 'log')) AS is_serving,
        bool_or(kind = 'run') AS is_running,
        bool_or(kind = 'node') AS is_node
    FROM (
        SELECT DISTINCT link_key, kind FROM links
        UNION ALL
        SELECT DISTINCT link_key, 'log' FROM uses
        UNION ALL
        SELECT DISTINCT node_key, 'node' FROM node_pods
    )
    GROUP BY link_key
),
spans AS (
    SELECT kind, link_key, date_trunc('hour', watched_from) AS watched_from, watched_until FROM watches
),
watched AS (
    SELECT t.link_key, t.hour, bool_or(w.kind = 'log') AS by_log, bool_or(w.kind = 'run') AS by_runs,
        bool_or(w.kind = 'allocation') AS by_pods
    FROM machine_time AS t
    INNER JOIN spans AS w ON w.link_key = t.link_key
    WHERE t.hour >= w.watched_from AND t.hour < w.watched_until
    GROUP BY t.link_key, t.hour
),
watched_everywhere AS (
    SELECT h.hour, bool_or(w.kind = 'log') AS by_log, bool_or(w.kind = 'run') AS by_runs,
        bool_or(w.kind = 'allocation') AS by_pods
    FROM (SELECT DISTINCT hour FROM machine_time) AS h
    INNER JOIN spans AS w ON h.hour >= w.watched_from AND h.hour < w.watched_until
    WHERE w.link_key = '*'
    GROUP BY h.hour
)
SELECT
    row_number() OVER () AS hour_id,
    t.link_key,
    t.hour,
    m.machine_us,
    (m.machine_us::HUGEINT * coalesce(z.milli_gpus, t.milli_gpus, 1000) // 1000)::BIGINT AS capacity_us,
    (k.is_serving OR k.is_running)
        AND (NOT k.is_serving OR coalesce(w.by_log, false) OR coalesce(e.by_log, false))
        AND (NOT k.is_running OR coalesce(w.by_runs, false) OR coalesce(e.by_runs, false))
    OR k.is_node AND (coalesce(w.by_pods, false) OR coalesce(e.by_pods, false)) AS is_watched,
    t.is_split_by_use
FROM machine_time AS t
INNER JOIN kinds AS k USING (link_key)
CROSS JOIN LATERAL (
    SELECT coalesce(
        nullif(CASE WHEN t.is_one_machine THEN least(t.machine_us, 3600000000) ELSE t.machine_us END, 0),
        3600000000
    ) AS machine_us
) AS m
LEFT JOIN resource_sizes AS z USING (link_key)
LEFT JOIN watched AS w ON w.link_key = t.link_key AND w.hour = t.hour
LEFT JOIN watched_everywhere AS e ON e.hour = t.hour
