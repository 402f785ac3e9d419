-- What each counter rose by between two samples, summed where both lie in the same hour. After a
-- restart it rose from nothing. `mark` 1: the first sample of a series, 2: a sample read before.
-- `is_out_of_place`: a fall between samples that were written in the other order, which is a clock
-- that went back and no restart.
-- grain:  file_no, head_no, mark, hour | moment
-- params: none
SELECT
    file_no,
    head_no,
    series_no,
    mark,
    min(line) AS line,
    min(since) AS since,
    max(at_ms) AS at_ms,
    sum(delta) AS amount,
    bool_or(is_out_of_place) AS is_out_of_place
FROM (
    SELECT
        *,
        CASE
            WHEN since IS NULL THEN 1
            WHEN since = at_ms AND value = before THEN 2
            ELSE 0
        END::UTINYINT AS mark,
        CASE WHEN value >= before THEN value - before ELSE value END AS delta,
        value < before AND file_no = file_before AND line < line_before AS is_out_of_place
    FROM (
        SELECT
            *,
            lag(at_ms) OVER by_time AS since,
            lag(value) OVER by_time AS before,
            lag(file_no) OVER by_time AS file_before,
            lag(line) OVER by_time AS line_before
        FROM series_points
        WHERE wrong = 0 AND value IS NOT NULL
        WINDOW by_time AS (PARTITION BY series_no ORDER BY at_ms, value, file_no, line)
    )
)
GROUP BY
    file_no,
    head_no,
    series_no,
    mark,
    -- Within an hour the sum is enough; what lies in two hours keeps its own span.
    CASE WHEN mark = 0 AND since // 3600000 = (at_ms - 1) // 3600000 THEN since // 3600000 END,
    CASE WHEN mark > 0 OR since // 3600000 <> (at_ms - 1) // 3600000 THEN at_ms END,
    CASE WHEN mark > 0 OR since // 3600000 <> (at_ms - 1) // 3600000 THEN since END,
    CASE WHEN mark > 0 THEN line END
