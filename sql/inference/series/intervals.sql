-- The usual time between two samples of a series on a day: the median, to a second, in milliseconds.
-- A day with one sample has that of the series, a series with one sample that of the source.
-- grain:  series_no, day
-- params: none
WITH gaps AS (
    SELECT
        series_no,
        at_ms // 86400000 AS day,
        (lead(at_ms) OVER (PARTITION BY series_no ORDER BY at_ms) - at_ms + 500) // 1000 AS seconds
    FROM series_used
),

lengths AS (
    SELECT series_no, day, seconds, count(*) AS samples
    FROM gaps
    GROUP BY ALL
),

of_day AS (
    SELECT series_no, day, min(seconds) AS seconds
    FROM (
        SELECT
            *,
            sum(samples) OVER (PARTITION BY series_no, day ORDER BY seconds) AS up_to,
            sum(samples) OVER (PARTITION BY series_no, day) AS in_all
        FROM lengths
        WHERE seconds > 0
    )
    WHERE 2 * up_to >= in_all
    GROUP BY series_no, day
),

of_series AS (
    SELECT series_no, min(seconds) AS seconds
    FROM (
        SELECT
            series_no,
            seconds,
            sum(sum(samples)) OVER (PARTITION BY series_no ORDER BY seconds) AS up_to,
            sum(sum(samples)) OVER (PARTITION BY series_no) AS in_all
        FROM lengths
        WHERE seconds > 0
        GROUP BY series_no, seconds
    )
    WHERE 2 * up_to >= in_all
    GROUP BY series_no
),

of_source AS (
    SELECT min(seconds) AS seconds
    FROM (
        SELECT
            seconds,
            sum(sum(samples)) OVER (ORDER BY seconds) AS up_to,
            sum(sum(samples)) OVER () AS in_all
        FROM lengths
        WHERE seconds > 0
        GROUP BY seconds
    )
    WHERE 2 * up_to >= in_all
)

SELECT
    days.series_no,
    days.day,
    coalesce(of_day.seconds, of_series.seconds, of_source.seconds) * 1000 AS usual
FROM (SELECT DISTINCT series_no, day FROM lengths) AS days
CROSS JOIN of_source
LEFT JOIN of_series ON days.series_no = of_series.series_no
LEFT JOIN of_day ON days.series_no = of_day.series_no AND days.day = of_day.day
