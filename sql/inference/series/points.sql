-- The samples of the series that count, typed: time in milliseconds; a counter in whole units or
-- thousandths, so that sums of it are exact. `wrong` is a number of series.WRONG, 0 for none; a
-- blank reading (9.2e18 and above, as DCGM writes it) has no value.
-- grain:  sample
-- params: none
SELECT
    file_no,
    line,
    head_no,
    series_no,
    at_ms,
    CASE
        WHEN wrong > 0 OR number >= 9.2e18 THEN NULL
        WHEN precision > 0 THEN round(number * factor * precision)
        ELSE least(number, ceiling) * factor
    END AS value,
    wrong
FROM (
    SELECT
        lines.file_no,
        lines.line::UINTEGER AS line,
        heads.head_no,
        roles.series_no,
        roles.factor,
        roles.precision,
        roles.ceiling,
        TRY_CAST(lines.value AS DOUBLE) AS number,
        CASE
            WHEN lines.at_ms IS NULL THEN files.scraped_at
            WHEN abs(clock) < 1e11 THEN round(clock * 1000)::BIGINT
            WHEN abs(clock) < 1e14 THEN round(clock)::BIGINT
        END AS at_ms,
        CASE
            WHEN lines.head IS NULL THEN 1
            WHEN heads.labels IS NULL THEN 2
            WHEN heads.name IS NULL THEN 11
            WHEN lines.at_ms = 'no time zone' THEN 4
            WHEN lines.at_ms IS NOT NULL AND NOT coalesce(abs(clock) < 1e14, false) THEN 3
            WHEN lines.at_ms IS NULL AND files.scraped_at IS NULL AND files.has_clock THEN 4
            WHEN lines.at_ms IS NULL AND files.scraped_at IS NULL THEN 5
            WHEN isnan(number) OR lines.value = 'null' THEN 6
            WHEN number IS NULL THEN 7
            WHEN isinf(number) THEN 8
            WHEN number < 0 THEN 9
            WHEN number > roles.ceiling * 1.01 AND number < 9.2e18 THEN 10
            ELSE 0
        END::UTINYINT AS wrong
    FROM (SELECT *, TRY_CAST(at_ms AS DOUBLE) AS clock FROM series_lines) AS lines
    JOIN series_files AS files ON lines.file_no = files.file_no
    LEFT JOIN series_heads AS heads ON hash(lines.head, files.server) = heads.head_hash
    LEFT JOIN series_roles AS roles ON heads.head_no = roles.head_no
    WHERE
        roles.head_no IS NOT NULL
        OR lines.head IS NULL OR heads.labels IS NULL OR heads.name IS NULL
)
