-- The records that are counted in another: in a better log, or in another span of their own.
-- grain:  part_no, row
-- params: none; tables log_labels, log_nested, log_presumed
SELECT DISTINCT
    ((node >> 32) & 524287)::INTEGER AS part_no,
    node & 4294967295 AS row
FROM (
    SELECT node
    FROM log_labels
    WHERE label >> 60 < node >> 60
    UNION ALL
    SELECT node
    FROM log_nested
    UNION ALL
    SELECT node
    FROM log_presumed
)
ORDER BY part_no, row
