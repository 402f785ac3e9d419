-- How long each gauge held its value: until the next sample of the series, at most `longest`; the
-- last one for its usual interval. Summed where the time lies in one hour. Of a sample that was read
-- twice the first counts (`is_double`). `is_shared`: several records were read at one instant.
-- grain:  file_no, head_no, is_double, hour | moment
-- params: $interval bigint: what a sample stands for, in milliseconds, if it is declared;
--         $longest bigint: how many usual intervals a sample stands for at most
SELECT
    file_no,
    head_no,
    series_no,
    is_double,
    NOT is_double AND hold IS NULL AS is_endless,
    bool_or(is_shared) AS is_shared,
    min(line) AS line,
    min(at_ms) AS since,
    max(at_ms + coalesce(hold, 0)) AS until,
    -- Thousandths of a millisecond, whole: they add up in any order.
    sum(round(value * hold * 1000)::BIGINT)::HUGEINT AS amount,
    sum(hold * 1000)::HUGEINT AS held
FROM (
    SELECT
        placed.*,
        coalesce(next_at = at_ms AND next_record = record_no, false) AS is_double,
        coalesce(next_at = at_ms AND next_record <> record_no, false) AS is_shared,
        CASE
            WHEN next_at = at_ms THEN NULL
            WHEN next_at IS NULL THEN coalesce($interval, intervals.usual)
            ELSE least(next_at - at_ms, coalesce($interval, $longest * intervals.usual))
        END AS hold
    FROM (
        SELECT
            *,
            lead(at_ms) OVER by_time AS next_at,
            lead(record_no) OVER by_time AS next_record
        FROM series_used
        WINDOW by_time AS (
            PARTITION BY series_no ORDER BY at_ms, record_no, file_no DESC, line DESC
        )
    ) AS placed
    LEFT JOIN series_intervals AS intervals
        ON placed.series_no = intervals.series_no AND placed.at_ms // 86400000 = intervals.day
    WHERE NOT is_end
)
GROUP BY
    file_no,
    head_no,
    series_no,
    is_double,
    hold IS NULL,
    CASE WHEN at_ms // 3600000 = (at_ms + hold - 1) // 3600000 THEN at_ms // 3600000 END,
    CASE WHEN at_ms // 3600000 = (at_ms + hold - 1) // 3600000 THEN NULL ELSE at_ms END,
    CASE WHEN at_ms // 3600000 = (at_ms + hold - 1) // 3600000 THEN NULL ELSE at_ms + hold END,
    CASE WHEN hold IS NULL THEN line END
