-- Lines of text as samples, if their metric is wanted: the series as written, its value and its time.
-- JSON is kept as `other`; comments and other metrics are passed over; a line that is none of these
-- is a sample without `head`. The usual line is taken apart without patterns: three times faster.
-- grain:  line, in the order of the files
-- params: $wanted pattern that every line of the metrics in question matches
SELECT
    file_no,
    line,
    file,
    CASE
        WHEN other IS NOT NULL
            THEN {
                'head': NULL::VARCHAR, 'value': NULL::VARCHAR, 'at_ms': NULL::VARCHAR, 'other': other
            }
        WHEN words IS NOT NULL AND len(pieces) = 2
            THEN {
                'head': pieces[1] || '}',
                'value': words[1],
                'at_ms': words[2],
                'other': NULL::VARCHAR
            }
        WHEN sample IS NOT NULL
            THEN {
                'head': CASE
                    WHEN rare_words.value <> '' AND regexp_matches(sample, '^\s*[a-zA-Z_:{]')
                        THEN left(sample, length(sample) - length(tail))
                END,
                'value': rare_words.value,
                'at_ms': nullif(rare_words.at_ms, ''),
                'other': NULL::VARCHAR
            }
    END AS r,
    wrong
FROM (
    SELECT
        *,
        CASE
            WHEN words IS NULL OR len(pieces) <> 2
                THEN regexp_extract(tail, '^\s*(\S+)(?:\s+(\S+))?\s*$', ['value', 'at_ms'])
        END AS rare_words
    FROM (
        SELECT
            *,
            CASE
                WHEN
                    len(spaced) BETWEEN 1 AND 2
                    AND spaced[1] <> '' AND spaced[-1] <> '' AND NOT contains(tail, chr(9))
                    THEN spaced
            END AS words
        FROM (
            SELECT *, string_split(ltrim(tail), ' ') AS spaced
            FROM (
                SELECT
                    *,
                    CASE
                        WHEN len(pieces) > 1 THEN pieces[-1]
                        ELSE regexp_extract(sample, '\s.*$')
                    END AS tail
                FROM (
                    SELECT *, string_split(sample, '}') AS pieces
                    FROM (
                        SELECT
                            file_no,
                            line,
                            file,
                            wrong,
                            CASE
                                WHEN regexp_matches(file, '\.jsonl?(\.gz)?$', 'i') THEN r
                                WHEN
                                    starts_with(r, '{')
                                    AND regexp_matches(r, '^\{\s*"(?:[^"\\]|\\.)*"\s*:')
                                    THEN r
                            END AS other,
                            CASE
                                WHEN r = '' OR starts_with(r, '#') THEN NULL
                                WHEN
                                    regexp_matches(r, $wanted)
                                    OR NOT regexp_matches(r, '^[\s\x{feff}]*(?:[a-zA-Z_:{#]|$)')
                                    -- An exemplar follows the sample of an OpenMetrics counter.
                                    THEN CASE
                                        WHEN contains(r, ' # {')
                                            THEN regexp_replace(r, '\s+# \{[^}]*\}[^}]*$', '')
                                        ELSE r
                                    END
                            END AS sample
                        FROM log_lines
                    )
                )
            )
        )
    )
)
