-- The key by which a resource's idle time is spread: its use over the billing month; a node's, by its
-- pods: each bears what it held and did not use, and of what nobody held a share as it held the rest;
-- without any use its runs' time; without runs its deployments' hours, evenly.
-- grain:  link_key, bucket, model, model_version, component
-- params: $month_start, $month_end timestamp
WITH used AS (
    SELECT link_key, model, model_version, is_known, sum(requests) AS requests, sum(gpu_us) AS gpu_us,
        sum(token_work) AS token_work, bool_and(all_gpu) AS all_gpu, bool_and(all_tokens) AS all_tokens
    FROM uses
    WHERE hour >= $month_start AND hour < $month_end
    GROUP BY ALL
),
measures AS (
    SELECT
        link_key,
        CASE
            WHEN bool_and(all_gpu) AND sum(gpu_us) > 0 THEN 'gpu'
            WHEN bool_and(all_tokens) AND sum(token_work) > 0 THEN 'tokens'
            ELSE 'requests'
        END AS measure
    FROM used
    GROUP BY link_key
    HAVING sum(requests) > 0
),
pods AS (
    -- pod_claims are 1e-18 of a node's charge: kept to 1e-12, a month of them stays far below 1e19
    SELECT l.link_key, p.bucket, p.model, p.model_version, p.component, sum(p.weight // 1000000) AS weight
    FROM pod_claims AS p
    INNER JOIN linked_charges AS l USING (origin_id)
    WHERE p.bucket <> 'idle' AND l.starts_at >= $month_start AND l.starts_at < $month_end
    GROUP BY ALL
),
node_hours AS (
    SELECT h.link_key, s.* REPLACE (
            -- a month of 1e-14 of an hour, over capacity too, stays far below 1e19
            100000000000000 * s.used // s.whole AS used,
            100000000000000 * s.idle // s.whole AS idle
        ),
        100000000000000 * sum(s.used + s.idle) OVER (PARTITION BY s.hour_id) // s.whole AS held
    FROM node_shares AS s
    INNER JOIN resource_hours AS h USING (hour_id)
    WHERE h.hour >= $month_start AND h.hour < $month_end
),
nodes AS (
    SELECT link_key, bucket, model, model_version, component,
        sum(idle) + sum(greatest(0, 100000000000000 - held) * (used + idle) // greatest(held, 1)) AS weight,
        sum(used + idle) AS held
    FROM node_hours
    GROUP BY ALL
),
spans AS (
    SELECT link_key, kind, model, model_version, component,
        sum(epoch_us(least(valid_until, $month_end)) - epoch_us(greatest(valid_from, $month_start))) AS live_us
    FROM links
    WHERE kind IN ('deployment', 'run') AND valid_from < $month_end AND valid_until > $month_start
    GROUP BY ALL
),
keys AS (
    SELECT
        u.link_key,
        CASE
            WHEN NOT u.is_known THEN 'unattributed'
            WHEN u.model_version = '' THEN 'model'
            ELSE 'model_version'
        END AS bucket,
        CASE WHEN u.is_known THEN u.model ELSE '' END AS model,
        CASE WHEN u.is_known THEN u.model_version ELSE '' END AS model_version,
        CASE WHEN u.is_known THEN 'inference' ELSE '' END AS component,
        CASE m.measure WHEN 'gpu' THEN u.gpu_us WHEN 'tokens' THEN u.token_work ELSE u.requests END AS weight
    FROM used AS u
    INNER JOIN measures AS m USING (link_key)
    ANTI JOIN nodes AS n USING (link_key)
    UNION ALL
    SELECT n.link_key, n.bucket, n.model, n.model_version, n.component,
        CASE WHEN sum(n.weight) OVER (PARTITION BY n.link_key) > 0 THEN n.weight ELSE n.held END
    FROM nodes AS n
    UNION ALL
    SELECT p.link_key, p.bucket, p.model, p.model_version, p.component, p.weight
    FROM pods AS p
    ANTI JOIN (SELECT link_key FROM measures UNION SELECT link_key FROM nodes) AS m USING (link_key)
    UNION ALL
    SELECT s.link_key, 'model_version', s.model, s.model_version, s.component, s.live_us
    FROM spans AS s
    ANTI JOIN (
        SELECT link_key FROM measures UNION SELECT link_key FROM pods UNION SELECT link_key FROM nodes
    ) AS m USING (link_key)
    WHERE s.kind = 'run'
       OR s.link_key NOT IN (SELECT link_key FROM spans WHERE kind = 'run')
)
SELECT link_key, bucket, model, model_version, component, sum(weight)::HUGEINT AS weight
FROM keys
WHERE weight > 0
GROUP BY ALL
