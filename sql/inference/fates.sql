-- What became of the lines of each file.
-- grain:  file_no, fate
-- params: $parts list of hourly parts
SELECT
    file_no,
    fate,
    sum(lines)::BIGINT AS lines,
    count(*) FILTER (WHERE sample_rate < 1) AS sampled_groups,
    min(first_at) AS first_at,
    max(last_at) AS last_at
FROM read_parquet($parts)
GROUP BY file_no, fate
