-- Who takes which part of what is spread: the key's versions, numbered in a fixed order.
-- grain:  origin_id, share
-- params: $evidence text
SELECT
    r.origin_id,
    row_number() OVER (
        PARTITION BY r.origin_id ORDER BY k.bucket, k.model, k.model_version, k.component
    ) AS share,
    k.bucket,
    k.model,
    k.model_version,
    k.component,
    'policy' AS method,
    $evidence AS evidence,
    k.weight
FROM respread AS r
INNER JOIN keys AS k USING (link_key)
