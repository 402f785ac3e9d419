-- Staged lines with the number each has in its file.
-- grain:  file_no, line
-- params: none; variable log_paths, table log_places
SELECT
    lines.file_no,
    coalesce(
        lines.line,
        lines.file_row_number - places.rows_before + places.first_line
    ) AS line,
    lines.file,
    lines.r,
    lines.wrong
FROM read_parquet(
    getvariable('log_paths'), file_row_number = true, hive_partitioning = false
) AS lines
LEFT JOIN log_places AS places ON lines.file_no = places.file_no
