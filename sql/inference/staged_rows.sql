-- How many lines of each file are staged, and how many of them are none of the format.
-- grain:  file_no
-- params: $part path
SELECT
    file_no,
    count(*) AS staged,
    count(*) FILTER (WHERE starts_with(COLUMNS('^(wrong|problem)$'), '(line)')) AS not_of_the_format
FROM read_parquet($part)
GROUP BY file_no
