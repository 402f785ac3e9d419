-- The samples of gauges that count: in an hour in which a better metric of the same series was read,
-- only that; in an hour in which the parts of a device were read, not the device as well.
-- grain:  sample
-- params: none
WITH hours AS (
    SELECT
        roles.device_no,
        points.series_no,
        roles.is_part,
        points.at_ms // 3600000 AS hour,
        coalesce(
            min(roles.preference) FILTER (WHERE points.value IS NOT NULL), min(roles.preference)
        ) AS best
    FROM series_points AS points
    JOIN series_roles AS roles ON points.head_no = roles.head_no
    WHERE points.wrong = 0
    GROUP BY ALL
),

chosen AS (
    SELECT series_no, hour, best
    FROM hours
    QUALIFY is_part = bool_or(is_part) OVER (PARTITION BY device_no, hour)
)

SELECT
    points.file_no,
    points.line,
    points.series_no,
    points.head_no,
    roles.record_no,
    points.at_ms,
    points.value,
    points.wrong = 6 AS is_end
FROM series_points AS points
JOIN series_roles AS roles ON points.head_no = roles.head_no
JOIN chosen
    ON points.series_no = chosen.series_no AND points.at_ms // 3600000 = chosen.hour
WHERE points.wrong IN (0, 6) AND roles.preference = chosen.best
