-- Who claims which part of each linked charge: its hour's claims, or its hours' together.
-- Claims of a charge over several hours count each hour by the part of it that the charge covers.
-- grain:  origin_id, bucket, model, model_version, component, method
-- params: none
WITH spans AS (
    SELECT origin_id, link_key, split, first_hour, first_hour = last_hour AS is_hourly, component
    FROM linked_charges
),
hour_totals AS (
    SELECT link_key, hour, split, sum(weight) AS weight FROM hour_claims GROUP BY ALL
),
claimed AS (
    SELECT s.origin_id, s.component AS rule_component, c.bucket, c.model, c.model_version, c.component,
        c.method, c.evidence, c.weight
    FROM spans AS s
    INNER JOIN hour_claims AS c
        ON c.link_key = s.link_key AND c.hour = s.first_hour AND c.split = s.split
    WHERE s.is_hourly
    UNION ALL
    SELECT s.origin_id, s.component, c.bucket, c.model, c.model_version, c.component,
        c.method, c.evidence,
        c.weight * 100000000000 // t.weight * greatest(1, h.overlap_us // 1000000)
    FROM spans AS s
    INNER JOIN charge_hours AS h USING (origin_id)
    INNER JOIN hour_claims AS c
        ON c.link_key = s.link_key AND c.hour = h.hour AND c.split = s.split
    INNER JOIN hour_totals AS t
        ON t.link_key = s.link_key AND t.hour = h.hour AND t.split = s.split
    WHERE NOT s.is_hourly AND s.split = 'capacity'
    UNION ALL
    SELECT s.origin_id, s.component, c.bucket, c.model, c.model_version, c.component,
        c.method, c.evidence, c.weight
    FROM spans AS s
    INNER JOIN span_claims AS c USING (origin_id)
)
SELECT
    origin_id,
    bucket,
    model,
    model_version,
    CASE WHEN component <> '' AND rule_component = 'storage' THEN 'storage' ELSE component END AS component,
    -- a charge that was partly split by use was split by use
    CASE WHEN bool_or(method = 'usage') THEN 'usage' ELSE min(method) END AS method,
    min(evidence) AS evidence,
    sum(weight)::HUGEINT AS weight
FROM claimed
WHERE weight > 0
GROUP BY ALL
