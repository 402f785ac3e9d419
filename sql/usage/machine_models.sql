-- The models that work on machines billed by the hour.
-- grain:  model
-- params: none
SELECT DISTINCT model
FROM billed_lines
WHERE element = 'hardware' AND model <> ''
ORDER BY ALL
