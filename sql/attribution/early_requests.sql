-- Requests that name a version in hours before it existed: not released, or nowhere deployed yet.
-- grain:  model, model_version, released_at, deployed_at
-- params: none
SELECT
    n.model,
    n.model_version,
    s.released_at,
    s.deployed_at,
    sum(u.requests)::BIGINT AS requests,
    min(u.hour) AS first_hour,
    max(u.hour) AS last_hour
FROM usage AS u
INNER JOIN log_names AS n
    ON n.log_model = u.model AND n.log_version = u.model_version
    AND u.hour >= n.valid_from AND u.hour < n.valid_until
INNER JOIN version_starts AS s ON s.model = n.model AND s.model_version = n.model_version
WHERE u.hour + INTERVAL 1 HOUR <= greatest(s.released_at, s.deployed_at)
  AND u.grain NOT IN ('allocation', 'sample')
  AND u.is_counted AND u.grain NOT IN ('allocation', 'sample')
GROUP BY ALL
ORDER BY ALL
