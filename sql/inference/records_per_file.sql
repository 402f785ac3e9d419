-- How many records the lines of each file made, those left out or bad included.
-- grain:  file_no
-- params: $records list of paths
SELECT
    file_no,
    count(*) AS records
FROM read_parquet($records)
GROUP BY file_no
