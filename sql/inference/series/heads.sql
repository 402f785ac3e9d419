-- The series of a source as they are written, each with its name and its labels without escapes.
-- `is_whole`: the labels could be read to the end, and none is given twice.
-- grain:  head x server
-- params: none
WITH heads AS (
    SELECT DISTINCT points.head, files.server
    FROM series_lines AS points
    JOIN series_files AS files ON points.file_no = files.file_no
    WHERE points.head IS NOT NULL
),

parts AS (
    SELECT
        *,
        regexp_matches(head, '^\{\s*("(?:[^"\\]|\\.)*"\s*:|\}$)') AS is_json,
        regexp_extract(head, '^([^{]*)', 1) AS before,
        regexp_extract(head, '^[^{]*\{(.*)\}$', 1, 's') AS body
    FROM heads
),

labelled AS (
    SELECT
        *,
        CASE
            WHEN is_json THEN map_entries(from_json(head, '"MAP(VARCHAR,VARCHAR)"'))
            ELSE list_transform(
                regexp_extract_all(
                    body, '"?[a-zA-Z_:][^\s"=,]*"?\s*=\s*"(?:[^"\\]|\\.)*"', 0, 's'
                ),
                lambda pair: {
                    'key': regexp_extract(pair, '^"?([^\s"=]*)', 1),
                    'value': replace(
                        replace(
                            replace(
                                replace(
                                    regexp_extract(pair, '=\s*"(.*)"$', 1, 's'), '\\', chr(1)
                                ),
                                '\"',
                                '"'
                            ),
                            '\n',
                            chr(10)
                        ),
                        chr(1),
                        '\'
                    )
                }
            )
        END AS pairs,
        is_json
        OR regexp_full_match(
            body,
            '\s*("(?:[^"\\]|\\.)*"\s*(,|$)\s*)?'
            || '("?[a-zA-Z_:][^\s"=,]*"?\s*=\s*"(?:[^"\\]|\\.)*"\s*(,\s*|$))*',
            's'
        ) AS is_whole
    FROM parts
),

checked AS (
    SELECT
        *,
        is_whole
        AND regexp_full_match(before, '\s*(?:[a-zA-Z_:][\w:.]*)?\s*')
        AND len(list_distinct(list_transform(pairs, lambda pair: pair.key))) = len(pairs)
            AS is_readable
    FROM labelled
)

SELECT
    (row_number() OVER (ORDER BY head, server))::UINTEGER AS head_no,
    hash(head, server) AS head_hash,
    server,
    coalesce(
        nullif(trim(before), ''),
        list_filter(pairs, lambda pair: pair.key = '__name__')[1].value,
        nullif(regexp_extract(body, '^\s*"((?:[^"\\]|\\.)*)"\s*(,|$)', 1), '')
    ) AS name,
    CASE
        WHEN is_readable
            THEN map_from_entries(
                list_filter(pairs, lambda pair: pair.key <> '__name__' AND pair.value <> '')
            )
    END AS labels
FROM checked
