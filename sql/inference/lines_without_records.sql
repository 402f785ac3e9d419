-- The staged lines that made no record: bad ones with what is wrong, the others left out, but for
-- formats whose records sum many lines.
-- grain:  file_no, line
-- params: $records path of the records that were made, $sums_lines boolean
SELECT
    lines.file_no,
    lines.line,
    lines.wrong,
    CASE WHEN lines.wrong IS NULL THEN 'no record' END AS left_out
FROM all_lines AS lines
ANTI JOIN read_parquet($records) AS records
    ON lines.file_no = records.file_no AND lines.line = records.line
WHERE lines.wrong IS NOT NULL OR NOT $sums_lines
