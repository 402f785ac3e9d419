-- How many lines of each file are staged, and how many may hold an object where a text belongs.
-- grain:  file_no
-- params: $part path
SELECT
    file_no,
    count(*) AS lines,
    count(*) FILTER (
        WHERE
        starts_with(model, '{') OR starts_with(model, '[')
        OR starts_with(model_version, '{') OR starts_with(model_version, '[')
        OR starts_with(resource_id, '{') OR starts_with(resource_id, '[')
        OR starts_with(provider, '{') OR starts_with(provider, '[')
        OR starts_with(account_id, '{') OR starts_with(account_id, '[')
        OR starts_with(region, '{') OR starts_with(region, '[')
        OR starts_with(request_id, '{') OR starts_with(request_id, '[')
        OR starts_with(operation, '{') OR starts_with(operation, '[')
        OR starts_with(tenant, '{') OR starts_with(tenant, '[')
        OR starts_with(use_case, '{') OR starts_with(use_case, '[')
        OR starts_with(service_tier, '{') OR starts_with(service_tier, '[')
        OR starts_with(status, '{') OR starts_with(status, '[')
    ) AS suspects
FROM read_parquet($part)
GROUP BY file_no
