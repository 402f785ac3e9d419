-- All claims on all linked charges, numbered per charge in a fixed order: what the exact split takes.
-- The bill's own pods decide for their node, hours for what is used in time, static links for the rest.
-- grain:  origin_id, share
-- params: none
WITH chosen AS (
    SELECT * FROM pod_claims
    UNION ALL
    SELECT * FROM charge_claims ANTI JOIN (SELECT DISTINCT origin_id FROM pod_claims) USING (origin_id)
    UNION ALL
    SELECT
        l.origin_id,
        s.bucket,
        s.model,
        s.model_version,
        CASE WHEN s.component = '' AND s.model <> '' THEN l.component ELSE s.component END,
        s.method,
        s.evidence,
        s.weight
    FROM linked_charges AS l
    INNER JOIN static_claims AS s USING (link_key)
    ANTI JOIN (SELECT origin_id FROM pod_claims UNION SELECT origin_id FROM charge_claims) AS o USING (origin_id)
)
SELECT
    origin_id,
    row_number() OVER (
        PARTITION BY origin_id ORDER BY bucket, model, model_version, component, method, evidence
    ) AS share,
    bucket,
    model,
    model_version,
    component,
    method,
    evidence,
    weight
FROM chosen
