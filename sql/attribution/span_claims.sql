-- Who used the resource of a charge that spans several hours and is split by use alone.
-- One measure for the whole span: GPU time, else tokens, else requests; without any use the runs' time;
-- without runs the deployments that were live: one alone takes it, several cannot be told apart.
-- grain:  origin_id, bucket, model, model_version, component
-- params: none
WITH spans AS (
    SELECT origin_id, link_key, first_hour, last_hour
    FROM linked_charges
    WHERE split = 'use' AND first_hour <> last_hour
),
used AS (
    SELECT s.origin_id, u.model, u.model_version, u.is_known,
        sum(u.requests) AS requests, sum(u.gpu_us) AS gpu_us, sum(u.token_work) AS token_work,
        bool_and(u.all_gpu) AS all_gpu, bool_and(u.all_tokens) AS all_tokens
    FROM spans AS s
    INNER JOIN uses AS u
        ON u.link_key = s.link_key AND u.hour BETWEEN s.first_hour AND s.last_hour
    GROUP BY ALL
),
measures AS (
    SELECT
        origin_id,
        CASE
            WHEN bool_and(all_gpu) AND sum(gpu_us) > 0 THEN 'gpu'
            WHEN bool_and(all_tokens) AND sum(token_work) > 0 THEN 'tokens'
            ELSE 'requests'
        END AS measure
    FROM used
    GROUP BY origin_id
    HAVING sum(requests) > 0
),
ran AS (
    SELECT s.origin_id, r.model, r.model_version, r.component, sum(r.run_us) AS run_us
    FROM spans AS s
    INNER JOIN resource_hours AS h
        ON h.link_key = s.link_key AND h.hour BETWEEN s.first_hour AND s.last_hour
    INNER JOIN live_runs AS r USING (hour_id)
    GROUP BY ALL
),
live AS (
    SELECT DISTINCT s.origin_id, d.model, d.model_version
    FROM spans AS s
    INNER JOIN resource_hours AS h
        ON h.link_key = s.link_key AND h.hour BETWEEN s.first_hour AND s.last_hour
    INNER JOIN live_deployments AS d USING (hour_id)
),
live_totals AS (
    SELECT
        origin_id,
        count(*) AS claimants,
        count(DISTINCT model) AS models,
        min(model) AS model,
        min(model_version) AS model_version
    FROM live
    GROUP BY origin_id
),
claims AS (
    SELECT u.origin_id,
        CASE
            WHEN NOT u.is_known THEN 'unattributed'
            WHEN u.model_version = '' THEN 'model'
            ELSE 'model_version'
        END AS bucket,
        CASE WHEN u.is_known THEN u.model ELSE '' END AS model,
        CASE WHEN u.is_known THEN u.model_version ELSE '' END AS model_version,
        CASE WHEN u.is_known THEN 'inference' ELSE '' END AS component,
        'usage' AS method,
        CASE WHEN u.is_known THEN 'log' ELSE 'log names no version of the catalogue' END AS evidence,
        CASE m.measure WHEN 'gpu' THEN u.gpu_us WHEN 'tokens' THEN u.token_work ELSE u.requests END AS weight
    FROM used AS u
    INNER JOIN measures AS m USING (origin_id)
    UNION ALL
    SELECT r.origin_id, 'model_version', r.model, r.model_version, r.component, 'direct', 'run', r.run_us
    FROM ran AS r
    ANTI JOIN measures AS m USING (origin_id)
    UNION ALL
    SELECT t.origin_id,
        CASE WHEN t.claimants = 1 THEN 'model_version' WHEN t.models = 1 THEN 'model' ELSE 'shared_pool' END,
        CASE WHEN t.models = 1 THEN t.model ELSE '' END,
        CASE WHEN t.claimants = 1 THEN t.model_version ELSE '' END,
        CASE WHEN t.models = 1 THEN 'inference' ELSE '' END,
        CASE WHEN t.claimants = 1 THEN 'direct' ELSE 'not_measured' END,
        CASE WHEN t.claimants = 1 THEN 'deployment' ELSE 'not watched' END,
        1
    FROM live_totals AS t
    ANTI JOIN measures AS m USING (origin_id)
    ANTI JOIN ran AS r USING (origin_id)
)
SELECT origin_id, bucket, model, model_version, component, method, min(evidence) AS evidence,
    sum(weight)::HUGEINT AS weight
FROM claims
WHERE weight > 0
GROUP BY ALL
