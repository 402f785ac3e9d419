-- No tags: for formats whose tags are not columns of the header.
-- grain:  none
-- params: none
SELECT '' AS tag_column, '' AS file, 0 AS line, '' AS column_name, '' AS value, '' AS reason,
    false AS is_fatal
WHERE false
