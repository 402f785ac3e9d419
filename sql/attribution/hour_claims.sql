-- Who claims which part of each resource-hour: the heart of the split by use.
--
-- mode `capacity`:   work as measured against the hour's capacity, the rest idle (or, while a new
--                    version rolls out, its own replicas' unserved part: its update)
-- mode `proportion`: the whole hour by work (tokens, requests, or GPU time with idle_measure
--                    quiet_hours); an overlap's unserved replicas are update here too
-- mode `presence`:   nobody watched: one version alone takes the hour, several cannot be told apart
--
-- grain:  link_key, hour, split, bucket, model, model_version, component
-- params: $idle_measure text (capacity | quiet_hours)
WITH use_totals AS (
    SELECT
        link_key,
        hour,
        bool_and(all_gpu) AS all_gpu,
        sum(gpu_us) AS gpu_us,
        bool_and(all_tokens) AS all_tokens,
        sum(token_work) AS token_work
    FROM uses
    WHERE requests > 0
    GROUP BY ALL
),
run_hours AS (
    SELECT DISTINCT link_key, hour FROM live_runs
),
live_totals AS (
    SELECT link_key, hour, sum(replica_us) AS replica_us FROM live_deployments GROUP BY ALL
),
measured AS (
    SELECT
        h.link_key,
        h.hour,
        h.capacity_us,
        h.is_watched,
        u.hour IS NOT NULL AS has_use,
        r.hour IS NOT NULL AS has_runs,
        coalesce(l.replica_us, 0) AS replica_us,
        CASE
            WHEN u.hour IS NULL THEN 'none'
            WHEN u.all_gpu AND (u.gpu_us > 0 OR $idle_measure = 'capacity') THEN 'gpu'
            WHEN u.all_tokens AND u.token_work > 0 THEN 'tokens'
            ELSE 'requests'
        END AS measure
    FROM resource_hours AS h
    LEFT JOIN use_totals AS u ON u.link_key = h.link_key AND u.hour = h.hour
    LEFT JOIN run_hours AS r ON r.link_key = h.link_key AND r.hour = h.hour
    LEFT JOIN live_totals AS l ON l.link_key = h.link_key AND l.hour = h.hour
),
hours AS (
    SELECT
        *,
        CASE
            WHEN has_use AND has_runs AND measure <> 'gpu' THEN 'presence'
            WHEN has_use AND measure = 'gpu' AND $idle_measure = 'capacity' THEN 'capacity'
            WHEN has_use THEN 'proportion'
            WHEN is_watched THEN 'capacity'
            ELSE 'presence'
        END AS mode
    FROM measured
),
work AS (
    SELECT
        h.link_key,
        h.hour,
        CASE
            WHEN NOT u.is_known THEN 'unattributed'
            WHEN u.model_version = '' THEN 'model'
            ELSE 'model_version'
        END AS bucket,
        CASE WHEN u.is_known THEN u.model ELSE '' END AS model,
        CASE WHEN u.is_known THEN u.model_version ELSE '' END AS model_version,
        CASE WHEN u.is_known THEN 'inference' ELSE '' END AS component,
        CASE WHEN u.is_known THEN 'log' ELSE 'log names no version of the catalogue' END AS evidence,
        sum(CASE h.measure
            WHEN 'gpu' THEN u.gpu_us
            WHEN 'tokens' THEN u.token_work
            ELSE u.requests
        END)::HUGEINT AS work
    FROM hours AS h
    INNER JOIN uses AS u ON u.link_key = h.link_key AND u.hour = h.hour
    GROUP BY ALL
    UNION ALL
    SELECT
        h.link_key,
        h.hour,
        'model_version',
        r.model,
        r.model_version,
        r.component,
        'run',
        r.run_us::HUGEINT * h.capacity_us // 3600000000
    FROM hours AS h
    INNER JOIN live_runs AS r ON r.link_key = h.link_key AND r.hour = h.hour
),
work_totals AS (
    SELECT link_key, hour, sum(work) AS work FROM work GROUP BY ALL
),
present AS (
    SELECT link_key, hour, 'model_version' AS bucket, model, model_version, 'inference' AS component,
        'deployment' AS evidence
    FROM live_deployments
    UNION
    SELECT link_key, hour, 'model_version', model, model_version, component, 'run' FROM live_runs
    UNION
    SELECT link_key, hour, bucket, model, model_version, component, evidence FROM work
),
present_totals AS (
    SELECT
        link_key,
        hour,
        count(DISTINCT (model, model_version, component)) AS claimants,
        count(DISTINCT model) AS models,
        count(DISTINCT component) AS components,
        min(bucket) AS bucket,
        min(model) AS model,
        min(model_version) AS model_version,
        min(component) AS component,
        min(evidence) AS evidence
    FROM present
    GROUP BY ALL
),
rollouts AS (
    -- What the new version's own replicas could have served, in the hour's unit of work.
    SELECT
        h.link_key,
        h.hour,
        d.model,
        d.model_version,
        1000000000000::HUGEINT * d.rollout_replica_us // h.replica_us AS portion,
        CASE
            WHEN h.mode = 'capacity' OR h.measure = 'gpu'
                THEN 1000000000000::HUGEINT * coalesce(w.work, 0) // h.capacity_us
            ELSE 1000000000000::HUGEINT * coalesce(w.work, 0) // greatest(1, t.work)
        END AS served
    FROM hours AS h
    INNER JOIN live_deployments AS d ON d.link_key = h.link_key AND d.hour = h.hour
    LEFT JOIN work AS w
        ON w.link_key = h.link_key AND w.hour = h.hour AND w.model = d.model
        AND w.model_version = d.model_version AND w.component = 'inference'
    LEFT JOIN work_totals AS t ON t.link_key = h.link_key AND t.hour = h.hour
    WHERE d.rollout_replica_us > 0 AND h.mode <> 'presence'
),
extras AS (
    SELECT link_key, hour, model, model_version, portion, served, portion - served AS extra
    FROM rollouts
    WHERE portion > served
),
extra_totals AS (
    SELECT
        e.link_key,
        e.hour,
        sum(e.portion) AS portion,
        sum(e.extra) AS extra,
        sum(coalesce(w.work, 0)) AS work
    FROM extras AS e
    LEFT JOIN work AS w
        ON w.link_key = e.link_key AND w.hour = e.hour AND w.model = e.model
        AND w.model_version = e.model_version AND w.component = 'inference'
    GROUP BY ALL
),
spare AS (
    SELECT
        h.link_key,
        h.hour,
        h.capacity_us,
        greatest(0, h.capacity_us - coalesce(t.work, 0)) AS spare_us,
        coalesce(x.extra, 0) * h.capacity_us // 1000000000000 AS wanted_us
    FROM hours AS h
    LEFT JOIN work_totals AS t ON t.link_key = h.link_key AND t.hour = h.hour
    LEFT JOIN extra_totals AS x ON x.link_key = h.link_key AND x.hour = h.hour
    WHERE h.mode = 'capacity'
),
claims AS (
    -- capacity: work as measured
    SELECT w.link_key, w.hour, 'capacity' AS split, w.bucket, w.model, w.model_version, w.component,
        w.evidence, w.work AS weight
    FROM work AS w
    INNER JOIN hours AS h ON h.link_key = w.link_key AND h.hour = w.hour
    WHERE h.mode = 'capacity'
    UNION ALL
    -- capacity: unserved replicas of a version that rolls out
    SELECT e.link_key, e.hour, 'capacity', 'model_version', e.model, e.model_version, 'update', 'roll-out',
        least(
            e.extra * s.capacity_us // 1000000000000,
            CASE
                WHEN s.wanted_us > s.spare_us
                    THEN e.extra * s.capacity_us // 1000000000000 * s.spare_us // s.wanted_us
                ELSE s.spare_us
            END
        )
    FROM extras AS e
    INNER JOIN spare AS s ON s.link_key = e.link_key AND s.hour = e.hour
    UNION ALL
    -- capacity: what nobody used
    SELECT link_key, hour, 'capacity', 'idle', '', '', '', 'watched', greatest(0, spare_us - wanted_us)
    FROM spare
    UNION ALL
    -- proportion: the whole hour by work
    SELECT w.link_key, w.hour, 'capacity', w.bucket, w.model, w.model_version, w.component, w.evidence,
        CASE
            WHEN x.extra IS NULL THEN w.work
            WHEN e.extra IS NOT NULL AND t.work = x.work THEN 1000000000000 - x.extra
            WHEN e.extra IS NOT NULL THEN e.served
            ELSE greatest(0, 1000000000000 - x.portion) * w.work // greatest(1, t.work - x.work)
        END
    FROM work AS w
    INNER JOIN hours AS h ON h.link_key = w.link_key AND h.hour = w.hour
    INNER JOIN work_totals AS t ON t.link_key = w.link_key AND t.hour = w.hour
    LEFT JOIN extra_totals AS x ON x.link_key = w.link_key AND x.hour = w.hour
    LEFT JOIN extras AS e
        ON e.link_key = w.link_key AND e.hour = w.hour AND e.model = w.model
        AND e.model_version = w.model_version AND w.component = 'inference'
    WHERE h.mode = 'proportion'
    UNION ALL
    SELECT e.link_key, e.hour, 'capacity', 'model_version', e.model, e.model_version, 'update', 'roll-out',
        e.extra
    FROM extras AS e
    INNER JOIN hours AS h ON h.link_key = e.link_key AND h.hour = e.hour
    WHERE h.mode = 'proportion'
    UNION ALL
    -- presence: one version alone, or several that cannot be told apart
    SELECT p.link_key, p.hour, 'capacity',
        CASE WHEN p.claimants = 1 THEN p.bucket WHEN p.models = 1 THEN 'model' ELSE 'shared_pool' END,
        CASE WHEN p.models = 1 THEN p.model ELSE '' END,
        CASE WHEN p.claimants = 1 THEN p.model_version ELSE '' END,
        CASE WHEN p.models = 1 AND p.components = 1 THEN p.component WHEN p.models = 1 THEN 'inference' ELSE '' END,
        CASE WHEN p.claimants = 1 THEN p.evidence ELSE 'not watched' END,
        1
    FROM present_totals AS p
    INNER JOIN hours AS h ON h.link_key = p.link_key AND h.hour = p.hour
    WHERE h.mode = 'presence'
    UNION ALL
    -- split by use alone (bandwidth, volumes): work where there is any, else presence; never idle
    SELECT w.link_key, w.hour, 'use', w.bucket, w.model, w.model_version, w.component, w.evidence, w.work
    FROM work AS w
    INNER JOIN hours AS h ON h.link_key = w.link_key AND h.hour = w.hour
    WHERE h.mode <> 'presence'
    UNION ALL
    SELECT p.link_key, p.hour, 'use',
        CASE WHEN p.claimants = 1 THEN p.bucket WHEN p.models = 1 THEN 'model' ELSE 'shared_pool' END,
        CASE WHEN p.models = 1 THEN p.model ELSE '' END,
        CASE WHEN p.claimants = 1 THEN p.model_version ELSE '' END,
        CASE WHEN p.models = 1 AND p.components = 1 THEN p.component WHEN p.models = 1 THEN 'inference' ELSE '' END,
        CASE WHEN p.claimants = 1 THEN p.evidence ELSE 'not watched' END,
        1
    FROM present_totals AS p
    INNER JOIN hours AS h ON h.link_key = p.link_key AND h.hour = p.hour
    LEFT JOIN work_totals AS t ON t.link_key = p.link_key AND t.hour = p.hour
    WHERE h.mode = 'presence' OR coalesce(t.work, 0) = 0
)
SELECT
    c.link_key,
    c.hour,
    c.split,
    c.bucket,
    c.model,
    c.model_version,
    c.component,
    CASE
        WHEN c.evidence = 'not watched' THEN 'not_measured'
        WHEN c.bucket <> 'idle' AND c.evidence <> 'roll-out' AND p.claimants = 1 THEN 'direct'
        ELSE 'usage'
    END AS method,
    min(c.evidence) AS evidence,
    sum(c.weight)::HUGEINT AS weight
FROM claims AS c
LEFT JOIN present_totals AS p ON p.link_key = c.link_key AND p.hour = c.hour
WHERE c.weight > 0
GROUP BY ALL
