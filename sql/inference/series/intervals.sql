-- The usual time between two samples of a series: the median, to a second, in milliseconds. A series
-- of one sample has that of the source.
-- grain:  series_no
-- params: none
WITH gaps AS (
    SELECT
        series_no,
        (lead(at_ms) OVER (PARTITION BY series_no ORDER BY at_ms) - at_ms + 500) // 1000 AS seconds
    FROM series_used
),

lengths AS (
    SELECT series_no, seconds, count(*) AS samples
    FROM gaps
    WHERE seconds > 0
    GROUP BY series_no, seconds
),

own AS (
    SELECT series_no, min(seconds) AS seconds
    FROM (
        SELECT
            series_no,
            seconds,
            sum(samples) OVER (PARTITION BY series_no ORDER BY seconds) AS up_to,
            sum(samples) OVER (PARTITION BY series_no) AS in_all
        FROM lengths
    )
    WHERE 2 * up_to >= in_all
    GROUP BY series_no
),

whole AS (
    SELECT min(seconds) AS seconds
    FROM (
        SELECT
            seconds,
            sum(sum(samples)) OVER (ORDER BY seconds) AS up_to,
            sum(sum(samples)) OVER () AS in_all
        FROM lengths
        GROUP BY seconds
    )
    WHERE 2 * up_to >= in_all
)

SELECT series.series_no, coalesce(own.seconds, whole.seconds) * 1000 AS usual
FROM (SELECT DISTINCT series_no FROM series_roles) AS series
CROSS JOIN whole
LEFT JOIN own ON series.series_no = own.series_no
