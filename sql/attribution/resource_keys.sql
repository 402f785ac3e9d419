-- Every billed, logged or split resource and commitment, with the key and the last part that catalogue ids are compared by.
-- The same rule as pipelines.registry.keys.resource_key.
-- grain:  resource_id
-- params: none
WITH ids AS (
    SELECT DISTINCT ResourceId AS resource_id FROM charges WHERE ResourceId <> ''
    UNION
    SELECT DISTINCT AllocatedResourceId FROM charges WHERE AllocatedResourceId <> ''
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
without_account AS (
    SELECT
        resource_id,
        regexp_replace(
            lower(trim(resource_id)),
            '^arn:(?:[^:]*:){4}|^acs:(?:[^:]*:){3}|^/?subscriptions/[^/]*/(?:resourcegroups/)?|^//[^/]*/|^(?:s3|gs|oss)://',
            ''
        ) AS path
    FROM ids
),
without_project AS (
    SELECT
        resource_id,
        -- RE2 looks no further ahead: the character behind the project is put back
        regexp_replace(path, '^projects/[^/]*/([^/])', '\1') AS path
    FROM without_account
),
keys AS (
    SELECT resource_id, trim(regexp_replace(path, '(^|/)providers/', '\1'), '/') AS resource_key
    FROM without_project
)
SELECT resource_id, resource_key, split_part(resource_key, '/', -1) AS last_part
FROM keys
