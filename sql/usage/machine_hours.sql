-- Billed machine time by the hour and by whom the ledger gave it to, and whether the hour was watched.
-- A line of many hours is spread over them evenly, its last hour has what rounding left:
-- each target's part too, so that only a resource's sum is watched to the hour. Lines that count accelerators'
-- cores or memory beside the machine count nothing. Provisioned throughput is time like a machine's.
-- grain:  hour, provider, link_key, bucket, model, model_version, component, currency, usage_type,
--         milli_gpus
-- params: none
WITH timed AS (
    SELECT
        row_number() OVER () AS line_no,
        w.word AS provider,
        coalesce(r.link_key, k.resource_key) AS link_key,
        b.bucket,
        b.model,
        b.model_version,
        b.component,
        b.currency,
        b.usage_type,
        m.milli_gpus,
        b.starts_at,
        b.ends_at,
        epoch_us(b.ends_at) - epoch_us(b.starts_at) AS span_us,
        date_trunc('hour', b.ends_at - INTERVAL 1 MICROSECOND) AS last_hour,
        b.quantity * c.seconds AS machine_seconds
    FROM billed_lines AS b
    INNER JOIN billed_counts AS c
        USING (provider, usage_type, meter, description, amount, direction, cache, unit)
    INNER JOIN provider_words AS w ON w.name = b.provider
    INNER JOIN resource_keys AS k USING (resource_id)
    LEFT JOIN linked_resources AS r USING (resource_id)
    LEFT JOIN machine_counts AS m USING (rule_id, usage_type, instance_type)
    WHERE c.unit_class = 'instance_hours' AND b.resource_id <> ''
      AND (b.element = 'managed_api' OR b.element = 'hardware' AND m.counts <> 'nothing')
),
hours AS (
    SELECT
        *,
        unnest(generate_series(
            date_trunc('hour', starts_at), last_hour, INTERVAL 1 HOUR
        )) AS hour
    FROM timed
),
passed AS (
    -- cumulative shares in whole microseconds: nothing is lost over a line's hours
    SELECT
        *,
        (machine_seconds * 1000000)::HUGEINT
            * (epoch_us(greatest(starts_at, hour)) - epoch_us(starts_at)) // span_us AS from_us,
        (machine_seconds * 1000000)::HUGEINT
            * (epoch_us(least(ends_at, hour + INTERVAL 1 HOUR)) - epoch_us(starts_at)) // span_us AS until_us
    FROM hours
),
parts AS (
    SELECT
        * EXCLUDE (machine_seconds),
        CASE
            WHEN hour = last_hour THEN machine_seconds - (from_us::DECIMAL(29, 0) * 0.000001)::DECIMAL(38, 18)
            ELSE ((until_us - from_us)::DECIMAL(29, 0) * 0.000001)::DECIMAL(38, 18)
        END AS machine_seconds
    FROM passed
),
spans AS (
    SELECT link_key, kind, date_trunc('hour', watched_from) AS watched_from, watched_until FROM watches
    UNION
    -- who watches a pod watches its node
    SELECT p.node_key, w.kind, date_trunc('hour', w.watched_from), w.watched_until
    FROM pod_nodes AS p
    INNER JOIN watches AS w ON w.link_key = p.pod_key
),
run_keys AS (
    SELECT link_key FROM links WHERE kind = 'run'
    EXCEPT
    SELECT link_key FROM links WHERE kind = 'deployment'
),
watched AS (
    -- a machine that serves is watched by a log (or its pods' list), one that only trains by runs
    SELECT DISTINCT p.link_key, p.hour
    FROM (SELECT DISTINCT link_key, hour FROM parts) AS p
    INNER JOIN spans AS s
        ON s.link_key IN (p.link_key, '*') AND p.hour >= s.watched_from AND p.hour < s.watched_until
        AND (s.kind = 'run') = (p.link_key IN (SELECT link_key FROM run_keys))
)
SELECT
    hour,
    p.provider,
    link_key,
    p.bucket,
    p.model,
    p.model_version,
    p.component,
    p.currency,
    p.usage_type,
    p.milli_gpus,
    sum(p.machine_seconds)::DECIMAL(38, 18) AS machine_seconds,
    w.hour IS NOT NULL AS is_watched
FROM parts AS p
LEFT JOIN watched AS w USING (link_key, hour)
GROUP BY ALL
