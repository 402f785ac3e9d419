-- Dated names that meant no one version in some hours: several were live under it, or none is known.
-- grain:  log_model, log_version, model
-- params: none
SELECT
    n.log_model,
    n.log_version,
    n.model,
    sum(u.requests)::BIGINT AS requests,
    min(u.hour) AS first_hour,
    max(u.hour) AS last_hour
FROM usage AS u
INNER JOIN log_names AS n
    ON n.log_model = u.model AND n.log_version = u.model_version
    AND u.hour >= n.valid_from AND u.hour < n.valid_until
WHERE n.is_dated AND n.is_known AND n.model_version = '' AND u.grain NOT IN ('allocation', 'sample')
  AND u.is_counted AND u.grain NOT IN ('allocation', 'sample')
GROUP BY ALL
ORDER BY ALL
