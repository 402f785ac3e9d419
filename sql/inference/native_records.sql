-- The record itself, where the settings fill in what the log leaves empty.
-- grain:  line
-- params: none
SELECT
    file_no,
    line,
    wrong,
    unnest(r)
FROM log_lines
