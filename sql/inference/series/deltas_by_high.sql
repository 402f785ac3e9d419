-- As `deltas`, for series whose samples a clock that went back put in another order: a counter that
-- did not restart rises from its highest value so far.
-- grain:  sample
-- params: none
WITH placed AS (
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
                AS is_out_of_place
        FROM series_points
        WHERE
            wrong = 0 AND value IS NOT NULL
            AND series_no IN (SELECT series_no FROM series_deltas WHERE is_out_of_place)
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
