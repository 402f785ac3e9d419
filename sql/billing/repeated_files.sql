-- For every file with lines of the month: how many of them another file has as well.
-- grain:  file
-- params: none
WITH keys AS (
    SELECT DISTINCT file, hash(line_key) AS digest
    FROM bill_lines
),

repeated AS (
    SELECT digest, min(file) AS first_file, max(file) AS last_file
    FROM keys
    GROUP BY digest
    HAVING count(*) > 1
)

SELECT
    keys.file,
    count(*) AS lines,
    count(repeated.digest) AS repeated,
    min(CASE WHEN repeated.first_file = keys.file THEN repeated.last_file ELSE repeated.first_file END)
        AS other_file
FROM keys
LEFT JOIN repeated ON keys.digest = repeated.digest
GROUP BY keys.file
ORDER BY keys.file
