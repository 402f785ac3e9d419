-- Every billed, logged or split resource and commitment, with the key and the last part that catalogue ids are compared by.
-- The same rule as pipelines.registry.catalogue.resource_key.
-- grain:  resource_id
-- params: none
WITH ids AS (
    SELECT DISTINCT ResourceId AS resource_id FROM charges WHERE ResourceId <> ''
    UNION
    SELECT DISTINCT ResourceId FROM split_shares WHERE ResourceId <> ''
    UNION
    SELECT DISTINCT x_ParentResourceId FROM split_shares
    UNION
    SELECT DISTINCT CommitmentDiscountId FROM charges WHERE CommitmentDiscountId <> ''
    UNION
    SELECT DISTINCT resource_id FROM usage WHERE resource_id <> ''
    UNION
    SELECT DISTINCT resource_id FROM coverage WHERE resource_id NOT IN ('', '*')
),
keys AS (
    SELECT
        resource_id,
        lower(trim(regexp_replace(
            CASE
                WHEN trim(resource_id) LIKE 'arn:%'
                    THEN regexp_replace(trim(resource_id), '^arn:[^:]*:[^:]*:[^:]*:[^:]*:', '')
                ELSE trim(resource_id)
            END,
            '^s3://', ''
        ), '/')) AS resource_key
    FROM ids
)
SELECT resource_id, resource_key, split_part(resource_key, '/', -1) AS last_part
FROM keys
