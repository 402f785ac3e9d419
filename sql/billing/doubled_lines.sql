-- Lines that are about the same as another one, numbered by their content from the second on.
-- grain:  line_number
-- params: none
WITH doubled AS (
    SELECT hash(line_key) AS digest
    FROM raw_lines
    GROUP BY digest
    HAVING count(*) > 1
)

SELECT
    raw_lines.line_number,
    row_number() OVER (
        PARTITION BY raw_lines.line_key
        ORDER BY
            raw_lines.description,
            raw_lines.tags,
            raw_lines.usage_amount,
            raw_lines.unblended_cost,
            raw_lines.public_cost,
            raw_lines.line_number
    ) AS ordinal
FROM raw_lines
SEMI JOIN doubled ON hash(raw_lines.line_key) = doubled.digest
QUALIFY ordinal > 1
