-- What logs name and the catalogue does not know in that hour, with the requests concerned.
-- grain:  log_model, log_version
-- params: none
SELECT n.log_model, n.log_version, sum(u.requests)::BIGINT AS requests
FROM usage AS u
INNER JOIN log_names AS n
    ON n.log_model = u.model AND n.log_version = u.model_version
    AND u.hour >= n.valid_from AND u.hour < n.valid_until
WHERE NOT n.is_known AND u.grain NOT IN ('allocation', 'sample')
GROUP BY ALL
ORDER BY ALL
