-- Lines of text as samples, so far as they hold one that is wanted: the series as written, its value
-- and its time. Text exposition (Prometheus, OpenMetrics) and `promtool tsdb dump` are told apart
-- from JSON, which is kept as `other`; comments and other metrics are passed over. A line that is
-- none of these is a sample without `head`.
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
        WHEN sample IS NOT NULL
            THEN {
                'head': CASE
                    WHEN words.value <> '' AND regexp_matches(sample, '^\s*[a-zA-Z_:{]')
                        THEN left(sample, length(sample) - length(tail))
                END,
                'value': words.value,
                'at_ms': nullif(words.at_ms, ''),
                'other': NULL::VARCHAR
            }
    END AS r,
    wrong
FROM (
    SELECT
        *,
        regexp_extract(tail, '^\s*(\S+)(?:\s+(\S+))?\s*$', ['value', 'at_ms']) AS words
    FROM (
        SELECT
            *,
            CASE
                WHEN contains(sample, '}') THEN string_split(sample, '}')[-1]
                ELSE regexp_extract(sample, '\s.*$')
            END AS tail
        FROM (
            SELECT
                file_no,
                line,
                file,
                wrong,
                CASE
                    WHEN regexp_matches(file, '\.jsonl?(\.gz)?$', 'i') THEN r
                    WHEN
                        starts_with(r, '{') AND regexp_matches(r, '^\{\s*"(?:[^"\\]|\\.)*"\s*:')
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
