-- As `deltas`, for series whose samples a clock that went back put in another order: a counter that
-- did not restart rises from its highest value so far. A file whose lines go back in time again and
-- again is in no order at all: of what order it was written in nothing is known.
-- grain:  sample
-- params: none
WITH affected AS (
    SELECT *
    FROM series_points
    WHERE
        wrong = 0 AND value IS NOT NULL
        AND series_no IN (SELECT series_no FROM series_deltas WHERE is_out_of_place)
),

in_order AS (
    SELECT series_no, file_no
    FROM (
        SELECT
            series_no,
            file_no,
            at_ms < lag(at_ms) OVER (PARTITION BY series_no, file_no ORDER BY line) AS goes_back
        FROM affected
    )
    GROUP BY series_no, file_no
    HAVING count_if(goes_back) <= greatest(1, count(*) // 20)
),

placed AS (
    SELECT
        *,
        count(*) FILTER (WHERE value < before AND NOT is_out_of_place)
            OVER (PARTITION BY series_no ORDER BY at_ms, value, file_no, line) AS life
    FROM (
        SELECT
            *,
            lag(at_ms) OVER by_time AS since,
            lag(value) OVER by_time AS before,
            lag(file_no) OVER by_time = file_no AND line < lag(line) OVER by_time
            AND (series_no, file_no) IN (FROM in_order) AS is_out_of_place
        FROM affected
        WINDOW by_time AS (PARTITION BY series_no ORDER BY at_ms, value, file_no, line)
    )
),

highs AS (
    SELECT
        *,
        max(value) OVER (
            PARTITION BY series_no, life ORDER BY at_ms, value, file_no, line
            ROWS UNBOUNDED PRECEDING
        ) AS high
    FROM placed
)

SELECT
    file_no,
    head_no,
    series_no,
    CASE
        WHEN since IS NULL THEN 1
        WHEN since = at_ms AND value = before THEN 2
        ELSE 0
    END::UTINYINT AS mark,
    line,
    since,
    at_ms,
    high - coalesce(
        lag(high) OVER (PARTITION BY series_no, life ORDER BY at_ms, value, file_no, line), 0
    ) AS amount,
    false AS is_out_of_place
FROM highs
