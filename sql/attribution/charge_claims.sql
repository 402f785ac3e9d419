-- Who claims which part of each linked charge: its hour's claims, or its hours' together.
-- Claims of a charge over several hours count each hour by the part of it that the charge covers.
-- grain:  origin_id, bucket, model, model_version, component, method (idle: and evidence)
-- params: none
WITH spans AS (
    SELECT origin_id, link_key, split, first_hour, first_hour = last_hour AS is_hourly,
        component = 'storage' AS is_storage
    FROM linked_charges
),
hourly AS (
    SELECT s.origin_id, s.is_storage, c.bucket, c.model, c.model_version, c.component, c.method,
        c.evidence, c.weight
    FROM spans AS s
    INNER JOIN resource_hours AS h ON h.link_key = s.link_key AND h.hour = s.first_hour
    INNER JOIN hour_claims AS c ON c.hour_id = h.hour_id AND c.split = s.split
    WHERE s.is_hourly
),
hour_totals AS (
    SELECT hour_id, split, sum(weight) AS weight FROM hour_claims GROUP BY hour_id, split
),
long_hours AS (
    -- only hours with claims: one version alone takes the charge, whenever in its span it was live
    SELECT s.origin_id, s.is_storage, s.split, r.hour_id, h.overlap_us, t.weight AS hour_weight
    FROM spans AS s
    INNER JOIN charge_hours AS h USING (origin_id)
    INNER JOIN resource_hours AS r ON r.link_key = s.link_key AND r.hour = h.hour
    INNER JOIN hour_totals AS t ON t.hour_id = r.hour_id AND t.split = s.split
    WHERE NOT s.is_hourly
      -- bandwidth of a node over days: only its pods used it
      AND (s.split = 'capacity' OR s.origin_id NOT IN (SELECT origin_id FROM span_claims))
),
long_totals AS (
    SELECT origin_id, sum(overlap_us) AS overlap_us FROM long_hours GROUP BY origin_id
),
summed AS (
    SELECT * FROM hourly WHERE is_storage
    UNION ALL
    -- in 1e-18 of the charge: the shares of all hours add up to one
    SELECT h.origin_id, h.is_storage, c.bucket, c.model, c.model_version, c.component, c.method,
        c.evidence,
        1000000000000000000::HUGEINT * h.overlap_us // t.overlap_us * c.weight // h.hour_weight
    FROM long_hours AS h
    INNER JOIN long_totals AS t USING (origin_id)
    INNER JOIN hour_claims AS c ON c.hour_id = h.hour_id AND c.split = h.split
    UNION ALL
    SELECT s.origin_id, s.is_storage, c.bucket, c.model, c.model_version, c.component, c.method,
        c.evidence, c.weight
    FROM spans AS s
    INNER JOIN span_claims AS c USING (origin_id)
)
SELECT origin_id, bucket, model, model_version, component, method, evidence, weight
FROM hourly
WHERE NOT is_storage
UNION ALL
SELECT
    origin_id,
    bucket,
    model,
    model_version,
    CASE WHEN component <> '' AND is_storage THEN 'storage' ELSE component END AS component,
    -- a charge that was partly split by use was split by use
    CASE WHEN bool_or(method = 'usage') THEN 'usage' ELSE min(method) END AS method,
    min(evidence) AS evidence,
    sum(weight)::HUGEINT AS weight
FROM summed
WHERE weight > 0
-- idle time keeps its reason: held and not busy is another matter than held by nobody
GROUP BY 1, 2, 3, 4, 5, CASE WHEN bucket = 'idle' THEN evidence END
