-- Who claims which part of each resource-hour: the heart of the split by use.
--
-- mode `capacity`:   work as measured against the hour's capacity, the rest idle (or, while a new
--                    version rolls out, its own replicas' unserved part: its update)
-- mode `proportion`: the whole hour by work (tokens, requests, or GPU time with idle_measure
--                    quiet_hours); an overlap's unserved replicas are update here too
-- mode `presence`:   nobody watched: one version alone takes the hour, several cannot be told apart
--
-- Claims of split `use` (bandwidth, volumes, pods) are made where a charge of that split asks for them.
--
-- grain:  hour_id, split, bucket, model, model_version, component, method
-- params: $idle_measure text (capacity | quiet_hours)
WITH used AS MATERIALIZED (
    SELECT
        h.hour_id,
        CASE
            WHEN NOT u.is_known THEN 'unattributed'
            WHEN u.model_version = '' THEN 'model'
            ELSE 'model_version'
        END AS bucket,
        CASE WHEN u.is_known THEN u.model ELSE '' END AS model,
        CASE WHEN u.is_known THEN u.model_version ELSE '' END AS model_version,
        CASE WHEN u.is_known THEN 'inference' ELSE '' END AS component,
        CASE WHEN u.is_known THEN 'log' ELSE 'log names no version of the catalogue' END AS evidence,
        u.requests,
        u.all_gpu,
        u.gpu_us,
        u.all_tokens,
        u.token_work
    FROM uses AS u
    INNER JOIN resource_hours AS h ON h.link_key = u.link_key AND h.hour = u.hour
    WHERE u.requests > 0
),
use_totals AS (
    SELECT
        hour_id,
        bool_and(all_gpu) AS all_gpu,
        sum(gpu_us) AS gpu_us,
        bool_and(all_tokens) AS all_tokens,
        sum(token_work) AS token_work
    FROM used
    GROUP BY hour_id
),
measured AS (
    SELECT
        h.hour_id,
        h.capacity_us,
        h.is_watched,
        h.is_split_by_use,
        u.hour_id IS NOT NULL AS has_use,
        r.hour_id IS NOT NULL AS has_runs,
        coalesce(l.replica_us, 0) AS replica_us,
        CASE
            WHEN u.hour_id IS NULL THEN 'none'
            WHEN u.all_gpu AND (u.gpu_us > 0 OR $idle_measure = 'capacity') THEN 'gpu'
            WHEN u.all_tokens AND u.token_work > 0 THEN 'tokens'
            ELSE 'requests'
        END AS measure
    FROM resource_hours AS h
    LEFT JOIN use_totals AS u USING (hour_id)
    LEFT JOIN (SELECT DISTINCT hour_id FROM live_runs) AS r USING (hour_id)
    LEFT JOIN (
        SELECT hour_id, sum(replica_us) AS replica_us FROM live_deployments GROUP BY hour_id
    ) AS l USING (hour_id)
),
hours AS MATERIALIZED (
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
work AS MATERIALIZED (
    SELECT
        h.hour_id,
        h.mode,
        u.bucket,
        u.model,
        u.model_version,
        u.component,
        u.evidence,
        sum(CASE h.measure
            WHEN 'gpu' THEN u.gpu_us
            WHEN 'tokens' THEN u.token_work
            ELSE u.requests
        END)::HUGEINT AS work
    FROM hours AS h
    INNER JOIN used AS u USING (hour_id)
    GROUP BY ALL
    UNION ALL
    SELECT
        h.hour_id,
        h.mode,
        'model_version',
        r.model,
        r.model_version,
        r.component,
        'run',
        r.run_us::HUGEINT * h.capacity_us // 3600000000
    FROM hours AS h
    INNER JOIN live_runs AS r USING (hour_id)
),
work_totals AS MATERIALIZED (
    SELECT hour_id, sum(work) AS work FROM work GROUP BY hour_id
),
present AS (
    SELECT hour_id, 'model_version' AS bucket, model, model_version, 'inference' AS component,
        'deployment' AS evidence
    FROM live_deployments
    UNION ALL
    SELECT hour_id, 'model_version', model, model_version, component, 'run' FROM live_runs
    UNION ALL
    SELECT hour_id, bucket, model, model_version, component, evidence FROM work
),
present_totals AS MATERIALIZED (
    SELECT
        hour_id,
        min(model) = max(model) AS is_one_model,
        min(model) = max(model) AND min(model_version) = max(model_version)
            AND min(component) = max(component) AS is_alone,
        min(component) = max(component) AS is_one_component,
        min(bucket) AS bucket,
        min(model) AS model,
        min(model_version) AS model_version,
        min(component) AS component,
        min(evidence) AS evidence
    FROM present
    GROUP BY hour_id
),
rollouts AS (
    -- What the new version's own replicas could have served, in 1e-12 of the hour.
    SELECT
        h.hour_id,
        h.mode,
        h.capacity_us,
        d.model,
        d.model_version,
        coalesce(w.work, 0) AS work,
        1000000000000::HUGEINT * d.rollout_replica_us // h.replica_us AS portion,
        CASE
            WHEN h.mode = 'capacity' OR h.measure = 'gpu'
                THEN 1000000000000::HUGEINT * coalesce(w.work, 0) // h.capacity_us
            ELSE 1000000000000::HUGEINT * coalesce(w.work, 0) // greatest(1, t.work)
        END AS served
    FROM hours AS h
    INNER JOIN live_deployments AS d USING (hour_id)
    LEFT JOIN work AS w
        ON w.hour_id = h.hour_id AND w.model = d.model AND w.model_version = d.model_version
        AND w.component = 'inference' AND w.evidence = 'log'
    LEFT JOIN work_totals AS t ON t.hour_id = h.hour_id
    WHERE d.rollout_replica_us > 0 AND h.mode <> 'presence'
),
extras AS MATERIALIZED (
    SELECT *, portion - served AS extra
    FROM rollouts
    WHERE portion > served
),
extra_totals AS (
    SELECT hour_id, sum(portion) AS portion, sum(extra) AS extra, sum(work) AS work
    FROM extras
    GROUP BY hour_id
),
spare AS (
    SELECT
        h.hour_id,
        h.capacity_us,
        greatest(0, h.capacity_us - coalesce(t.work, 0)) AS spare_us,
        coalesce(x.extra, 0) * h.capacity_us // 1000000000000 AS wanted_us
    FROM hours AS h
    LEFT JOIN work_totals AS t USING (hour_id)
    LEFT JOIN extra_totals AS x USING (hour_id)
    WHERE h.mode = 'capacity'
),
updates AS MATERIALIZED (
    -- capacity: unserved replicas of a version that rolls out, as far as there is unserved time
    SELECT e.hour_id, e.model, e.model_version,
        CASE
            WHEN s.wanted_us > s.spare_us
                THEN e.extra * s.capacity_us // 1000000000000 * s.spare_us // s.wanted_us
            ELSE e.extra * s.capacity_us // 1000000000000
        END AS update_us
    FROM extras AS e
    INNER JOIN spare AS s USING (hour_id)
),
claims AS (
    -- capacity: work as measured
    SELECT hour_id, 'capacity' AS split, bucket, model, model_version, component, evidence, work AS weight
    FROM work
    WHERE mode = 'capacity'
    UNION ALL
    SELECT hour_id, 'capacity', 'model_version', model, model_version, 'update', 'roll-out', update_us
    FROM updates
    UNION ALL
    -- capacity: what nobody used
    SELECT s.hour_id, 'capacity', 'idle', '', '', '', 'watched', s.spare_us - coalesce(u.update_us, 0)
    FROM spare AS s
    LEFT JOIN (SELECT hour_id, sum(update_us) AS update_us FROM updates GROUP BY hour_id) AS u
        USING (hour_id)
    UNION ALL
    -- proportion: the whole hour by work
    SELECT w.hour_id, 'capacity', w.bucket, w.model, w.model_version, w.component, w.evidence,
        CASE
            WHEN x.extra IS NULL THEN w.work
            -- only versions that roll out worked: what is not update is theirs
            WHEN e.extra IS NOT NULL AND t.work = x.work
                THEN e.served + greatest(0, 1000000000000 - x.portion) * w.work // greatest(1, x.work)
            WHEN e.extra IS NOT NULL THEN e.served
            ELSE greatest(0, 1000000000000 - x.portion) * w.work // greatest(1, t.work - x.work)
        END
    FROM work AS w
    INNER JOIN work_totals AS t USING (hour_id)
    LEFT JOIN extra_totals AS x USING (hour_id)
    LEFT JOIN extras AS e
        ON e.hour_id = w.hour_id AND e.model = w.model AND e.model_version = w.model_version
        AND w.component = 'inference' AND w.evidence = 'log'
    WHERE w.mode = 'proportion'
    UNION ALL
    SELECT hour_id, 'capacity', 'model_version', model, model_version, 'update', 'roll-out', extra
    FROM extras
    WHERE mode = 'proportion'
    UNION ALL
    -- split by use alone (bandwidth, volumes): work where there is any; never idle
    SELECT w.hour_id, 'use', w.bucket, w.model, w.model_version, w.component, w.evidence, w.work
    FROM work AS w
    INNER JOIN hours AS h USING (hour_id)
    WHERE h.is_split_by_use AND h.mode <> 'presence'
    UNION ALL
    -- presence: one version alone, or several that cannot be told apart
    SELECT
        h.hour_id,
        s.split,
        CASE WHEN p.is_alone THEN p.bucket WHEN p.is_one_model THEN 'model' ELSE 'shared_pool' END,
        CASE WHEN p.is_one_model THEN p.model ELSE '' END,
        CASE WHEN p.is_alone THEN p.model_version ELSE '' END,
        CASE
            WHEN NOT p.is_one_model THEN ''
            WHEN p.is_one_component THEN p.component
            ELSE 'inference'
        END,
        CASE WHEN p.is_alone THEN p.evidence ELSE 'not watched' END,
        1
    FROM hours AS h
    INNER JOIN present_totals AS p USING (hour_id)
    LEFT JOIN work_totals AS t USING (hour_id)
    CROSS JOIN (VALUES ('capacity'), ('use')) AS s(split)
    WHERE CASE s.split
        WHEN 'capacity' THEN h.mode = 'presence'
        ELSE h.is_split_by_use AND (h.mode = 'presence' OR coalesce(t.work, 0) = 0)
    END
)
SELECT
    c.hour_id,
    c.split,
    c.bucket,
    c.model,
    c.model_version,
    c.component,
    CASE
        WHEN c.evidence = 'not watched' THEN 'not_measured'
        WHEN c.bucket <> 'idle' AND c.evidence <> 'roll-out' AND p.is_alone THEN 'direct'
        ELSE 'usage'
    END AS method,
    min(c.evidence) AS evidence,
    sum(c.weight)::HUGEINT AS weight
FROM claims AS c
LEFT JOIN present_totals AS p USING (hour_id)
WHERE c.weight > 0
GROUP BY ALL
