-- The samples of a source: those read from text as they are, and those in answers of the query API
-- (matrix or vector, in one line or several) and lines of {"metric":…,"values":…,"timestamps":…}.
-- A line that holds none, though it should, has no `head`.
-- grain:  sample
-- params: none
WITH json_lines AS (
    SELECT file_no, line, r.other AS text
    FROM log_lines
    WHERE trim(r.other) <> ''
),

document_files AS (
    SELECT file_no
    FROM (SELECT file_no, arg_min(trim(text), line) AS opening FROM json_lines GROUP BY file_no)
    WHERE opening IN ('{', '[', '[{')
),

json_texts AS (
    SELECT file_no, line, text
    FROM json_lines
    WHERE file_no NOT IN (SELECT file_no FROM document_files)
    UNION ALL
    SELECT file_no, min(line), string_agg(text, ' ' ORDER BY line)
    FROM json_lines
    WHERE file_no IN (SELECT file_no FROM document_files)
    GROUP BY file_no
),

answers AS (
    SELECT
        file_no,
        line,
        unnest(
            CASE
                WHEN NOT json_valid(text) THEN [NULL]
                WHEN json_type(text, '$.data.result') = 'ARRAY'
                    THEN from_json(json_extract(text, '$.data.result'), '["JSON"]')
                WHEN json_type(text) = 'ARRAY' THEN from_json(text, '["JSON"]')
                WHEN json_type(text, '$.metric') = 'OBJECT' THEN [text::JSON]
                ELSE [NULL]
            END
        ) AS series
    FROM json_texts
),

json_points AS (
    SELECT
        file_no,
        line,
        series ->> '$.metric' AS head,
        unnest(
            CASE
                WHEN json_type(series, '$.timestamps') = 'ARRAY'
                    THEN list_transform(
                        list_zip(
                            from_json(json_extract(series, '$.values'), '["VARCHAR"]'),
                            from_json(json_extract(series, '$.timestamps'), '["VARCHAR"]')
                        ),
                        lambda pair: {'value': coalesce(pair[1], 'null'), 'at_ms': pair[2]}
                    )
                WHEN json_type(series, '$.values') = 'ARRAY'
                    THEN list_transform(
                        from_json(json_extract(series, '$.values'), '[["VARCHAR"]]'),
                        lambda pair: {'value': pair[2], 'at_ms': pair[1]}
                    )
                WHEN json_type(series, '$.value') = 'ARRAY'
                    THEN [{'value': series ->> '$.value[1]', 'at_ms': series ->> '$.value[0]'}]
                ELSE [{'value': NULL::VARCHAR, 'at_ms': NULL::VARCHAR}]
            END
        ) AS point
    FROM answers
)

SELECT file_no, line, r.head AS head, r.value AS value, r.at_ms AS at_ms
FROM log_lines
WHERE r IS NOT NULL AND r.other IS NULL
UNION ALL
SELECT file_no, line, head, point.value, point.at_ms FROM json_points
