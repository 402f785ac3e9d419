-- Fields of a bill that could not be read, tags included.
-- grain:  file, line, column_name
-- params: $source text, $month text
SELECT
    $month AS billing_month,
    $source AS source,
    file,
    line,
    column_name,
    value,
    reason,
    is_fatal
FROM (
    SELECT file, line, column_name, value, reason, is_fatal FROM unreadable
    UNION ALL
    SELECT file, line, column_name, value, reason, is_fatal FROM unreadable_tags
)
ORDER BY file, line, column_name
