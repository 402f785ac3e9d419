-- The amounts of series that say for each interval what was in it, as `deltas` has them. `mark` 2: a
-- sample read before.
-- grain:  file_no, head_no, mark, hour | moment
-- params: $interval bigint: how long an interval is, in milliseconds
SELECT
    file_no,
    head_no,
    series_no,
    mark,
    min(line) AS line,
    min(at_ms) AS since,
    max(at_ms + $interval) AS at_ms,
    sum(value) AS amount,
    false AS is_out_of_place
FROM (
    SELECT
        *,
        CASE
            WHEN
                row_number() OVER (PARTITION BY series_no, at_ms ORDER BY file_no, line) > 1
                THEN 2
            ELSE 0
        END::UTINYINT AS mark
    FROM series_points
    WHERE wrong = 0 AND value IS NOT NULL
)
GROUP BY
    file_no,
    head_no,
    series_no,
    mark,
    CASE
        WHEN mark = 0 AND at_ms // 3600000 = (at_ms + $interval - 1) // 3600000
            THEN at_ms // 3600000
    END,
    CASE
        WHEN mark > 0 OR at_ms // 3600000 <> (at_ms + $interval - 1) // 3600000 THEN at_ms
    END,
    CASE WHEN mark > 0 THEN line END
