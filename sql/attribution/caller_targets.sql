-- Whose model a caller used in each span of its charges: the best claim of the catalogue in force then.
-- Several versions of one model are not told apart, several models share.
-- grain:  principal_id, credential_id, starts_at, ends_at
-- params: none
WITH spans AS (
    SELECT DISTINCT
        coalesce(x_PrincipalId, '') AS principal_id,
        coalesce(x_CredentialId, '') AS credential_id,
        ChargePeriodStart AS starts_at,
        ChargePeriodEnd AS ends_at
    FROM charges
    WHERE x_PrincipalId IN (SELECT caller FROM principal_links)
       OR x_CredentialId IN (SELECT caller FROM principal_links)
),
claims AS (
    SELECT s.*, 'principal' AS evidence, l.rank, l.model, l.model_version
    FROM spans AS s
    INNER JOIN principal_links AS l
        ON l.caller = s.principal_id
        AND l.valid_from < greatest(s.ends_at, s.starts_at + INTERVAL 1 MICROSECOND)
        AND l.valid_until > s.starts_at
    UNION ALL
    SELECT s.*, 'credential', l.rank, l.model, l.model_version
    FROM spans AS s
    INNER JOIN principal_links AS l
        ON l.caller = s.credential_id
        AND l.valid_from < greatest(s.ends_at, s.starts_at + INTERVAL 1 MICROSECOND)
        AND l.valid_until > s.starts_at
),
best AS (
    SELECT *, min(rank) OVER (PARTITION BY principal_id, credential_id, starts_at, ends_at) AS best_rank
    FROM claims
),
targets AS (
    SELECT
        principal_id,
        credential_id,
        starts_at,
        ends_at,
        count(DISTINCT model) AS models,
        count(DISTINCT model_version) AS versions,
        min(model) AS model,
        min(model_version) AS model_version,
        max(evidence) AS evidence
    FROM best
    WHERE rank = best_rank
    GROUP BY ALL
)
SELECT
    principal_id,
    credential_id,
    starts_at,
    ends_at,
    CASE
        WHEN models > 1 THEN 'shared_pool'
        WHEN versions > 1 OR model_version = '' THEN 'model'
        ELSE 'model_version'
    END AS bucket,
    CASE WHEN models = 1 THEN model ELSE '' END AS model,
    CASE WHEN models = 1 AND versions = 1 THEN model_version ELSE '' END AS model_version,
    CASE WHEN models = 1 AND versions = 1 THEN 'direct' ELSE 'not_measured' END AS method,
    evidence
FROM targets
