-- Each hour of each linked resource: its capacity and whether it was watched.
-- Capacity is counted per resource-hour, not per bill line: one hour may come in two lines of two
-- accounts. One machine never works more than an hour in an hour.
-- grain:  link_key, hour
-- params: none
WITH charged AS (
    SELECT h.link_key, h.hour, h.overlap_us, c.machine_us, c.starts_at, c.ends_at, c.is_one_machine,
        CASE WHEN c.split = 'capacity' AND c.element = 'hardware' THEN c.milli_gpus END AS milli_gpus
    FROM charge_hours AS h
    INNER JOIN linked_charges AS c USING (origin_id)
    UNION ALL
    -- a pod's hours: its charge is its node's
    SELECT DISTINCT r.link_key, date_trunc('hour', s.ChargePeriodStart), 0, NULL,
        s.ChargePeriodStart, s.ChargePeriodEnd, false, NULL
    FROM split_shares AS s
    INNER JOIN linked_resources AS r ON r.resource_id = s.ResourceId
),
machine_time AS (
    SELECT
        h.link_key,
        h.hour,
        sum(h.machine_us * h.overlap_us // greatest(1, epoch_us(h.ends_at) - epoch_us(h.starts_at)))::BIGINT
            AS machine_us,
        max(h.milli_gpus) AS milli_gpus,
        bool_or(h.is_one_machine) AS is_one_machine
    FROM charged AS h
    GROUP BY h.link_key, h.hour
),
kinds AS (
    SELECT
        link_key,
        bool_or(kind IN ('deployment', 'log')) AS is_serving,
        bool_or(kind = 'run') AS is_running
    FROM (
        SELECT link_key, kind FROM links
        UNION ALL
        SELECT DISTINCT link_key, 'log' FROM uses
    )
    GROUP BY link_key
),
log_watched AS (
    SELECT DISTINCT t.link_key, t.hour
    FROM machine_time AS t
    INNER JOIN watches AS w
        ON (w.link_key = '*' OR w.link_key = t.link_key)
        AND t.hour >= date_trunc('hour', w.watched_from) AND t.hour < w.watched_until
    WHERE w.kind = 'log'
),
run_watched AS (
    SELECT DISTINCT t.link_key, t.hour
    FROM machine_time AS t
    INNER JOIN watches AS w
        ON (w.link_key = '*' OR w.link_key = t.link_key)
        AND t.hour >= date_trunc('hour', w.watched_from) AND t.hour < w.watched_until
    WHERE w.kind = 'run'
)
SELECT
    t.link_key,
    t.hour,
    (coalesce(
        nullif(CASE WHEN t.is_one_machine THEN least(t.machine_us, 3600000000) ELSE t.machine_us END, 0),
        3600000000
    )::HUGEINT * coalesce(r.milli_gpus, t.milli_gpus, 1000) // 1000)::BIGINT AS capacity_us,
    (k.is_serving OR k.is_running)
        AND (NOT k.is_serving OR lw.hour IS NOT NULL)
        AND (NOT k.is_running OR rw.hour IS NOT NULL) AS is_watched
FROM machine_time AS t
INNER JOIN kinds AS k USING (link_key)
LEFT JOIN resource_accelerators AS r USING (link_key)
LEFT JOIN log_watched AS lw ON lw.link_key = t.link_key AND lw.hour = t.hour
LEFT JOIN run_watched AS rw ON rw.link_key = t.link_key AND rw.hour = t.hour
