-- The series whose labels could be read, the labels as JSON.
-- grain:  head_no
-- params: none
SELECT
    head_no,
    server,
    name,
    to_json(labels)::VARCHAR AS labels
FROM series_heads
WHERE labels IS NOT NULL
ORDER BY head_no
