-- As `holds`, for series of which several records are read at one instant (pods that take turns on a
-- GPU): each holds an equal share until the series' next instant.
-- grain:  file_no, head_no, is_double, hour | moment
-- params: $interval bigint: what a sample stands for, in milliseconds, if it is declared;
--         $longest bigint: how many usual intervals a sample stands for at most
WITH placed AS (
    SELECT
        *,
        lead(at_ms) OVER by_record = at_ms AND lead(record_no) OVER by_record = record_no AS is_double
    FROM series_used
    WHERE series_no IN (SELECT series_no FROM series_holds WHERE is_shared)
    WINDOW by_record AS (
        PARTITION BY series_no ORDER BY at_ms, record_no, file_no DESC, line DESC
    )
),

next_ones AS (
    SELECT
        *,
        count(*) OVER (
            PARTITION BY series_no
            ORDER BY at_ms
            RANGE BETWEEN CURRENT ROW AND CURRENT ROW
        ) AS together,
        first_value(at_ms) OVER (
            PARTITION BY series_no
            ORDER BY at_ms
            RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS next_at
    FROM placed
    WHERE NOT coalesce(is_double, false)
),

held AS (
    SELECT
        held.*,
        CASE
            WHEN next_at IS NULL THEN coalesce($interval, intervals.usual)
            ELSE least(next_at - at_ms, coalesce($interval, $longest * intervals.usual))
        END AS hold
    FROM next_ones AS held
    LEFT JOIN series_intervals AS intervals
        ON held.series_no = intervals.series_no AND held.at_ms // 86400000 = intervals.day
    WHERE NOT is_end
)

SELECT
    file_no,
    head_no,
    series_no,
    false AS is_double,
    hold IS NULL AS is_endless,
    false AS is_shared,
    min(line) AS line,
    min(at_ms) AS since,
    max(at_ms + hold) AS until,
    -- Thousandths of a millisecond, whole: they add up in any order.
    sum(round(value * hold * 1000 / together)::BIGINT)::HUGEINT AS amount,
    sum(round(hold * 1000.0 / together)::BIGINT)::HUGEINT AS held
FROM held
GROUP BY
    file_no,
    head_no,
    series_no,
    hold IS NULL,
    CASE WHEN at_ms // 3600000 = (at_ms + hold - 1) // 3600000 THEN at_ms // 3600000 END,
    CASE WHEN at_ms // 3600000 = (at_ms + hold - 1) // 3600000 THEN NULL ELSE at_ms END,
    CASE WHEN at_ms // 3600000 = (at_ms + hold - 1) // 3600000 THEN NULL ELSE at_ms + hold END
UNION ALL
SELECT file_no, head_no, series_no, true, false, false, line, at_ms, at_ms, NULL, NULL
FROM placed
WHERE is_double
