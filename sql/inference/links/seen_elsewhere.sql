-- The records that are counted in another: in a better log, or in another span of their own.
-- grain:  node
-- params: none; tables log_labels, log_nested, log_presumed
SELECT DISTINCT
    ((node >> 36) & 1048575)::INTEGER AS part_no,
    node & 68719476735 AS row
FROM (
    SELECT node
    FROM log_labels
    WHERE label >> 56 < node >> 56
    UNION ALL
    SELECT node
    FROM log_nested
    UNION ALL
    SELECT node
    FROM log_presumed
)
ORDER BY part_no, row
