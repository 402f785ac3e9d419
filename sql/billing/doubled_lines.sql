-- Lines that are about the same as another one, numbered by their content from the second on.
-- grain:  line_number
-- params: none
WITH doubled AS (
    SELECT hash(line_key) AS digest
    FROM month_lines
    GROUP BY digest
    HAVING count(*) > 1
)

SELECT
    month_lines.line_number,
    row_number() OVER (
        PARTITION BY month_lines.line_key
        ORDER BY month_lines.line_order, month_lines.line_number
    ) AS ordinal
FROM month_lines
SEMI JOIN doubled ON hash(month_lines.line_key) = doubled.digest
QUALIFY ordinal > 1
