-- The lines of one part that could not be read: where, which field and why, never the text. A line
-- of several records that lack the same field is listed once.
-- grain:  file_no, line, column_name
-- params: $month text, $source text
SELECT
    $month AS billing_month,
    $source AS source,
    files.name AS file,
    coalesce(records.line, records.row - files.rows_before + files.first_line) AS line,
    split_part(records.problem, '|', 1) AS column_name,
    min(split_part(records.problem, '|', 2)) AS reason
FROM log_records AS records
JOIN log_files AS files ON records.file_no = files.file_no
WHERE records.problem IS NOT NULL
GROUP BY ALL
