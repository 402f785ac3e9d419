-- What a file's name says of its samples: the server, where folders other than dates name one, and
-- the time of the scrape, where the name carries one. `scraped_at` is in milliseconds.
-- grain:  file_no
-- params: none (variable log_zone: the zone of a time in a name without one)
WITH names AS (
    SELECT
        file_no,
        any_value(file) AS name,
        list_filter(
            string_split(any_value(file), '/')[:-2],
            lambda part: NOT regexp_matches(part, '^([a-z_]+=)?[0-9][0-9TZ:_.-]*$')
        ) AS folders,
        string_split(any_value(file), '/')[-1] AS last_part
    FROM log_lines
    GROUP BY file_no
),

stamps AS (
    SELECT
        *,
        regexp_extract(
            last_part,
            '(\d{4})-?(\d{2})-?(\d{2})[T_-]?(\d{2})[:_.-]?(\d{2})[:_.-]?(\d{2})(?:[.,](\d{1,6}))?'
            || '(Z|[+-]\d{2}:?\d{2}|UTC)?',
            ['y', 'm', 'd', 'hour', 'minute', 'second', 'fraction', 'zone']
        ) AS stamp,
        regexp_extract(last_part, '(?:^|\D)(1\d{9})(\d{3})?(?:\D|$)', ['seconds', 'thousandths'])
            AS epoch
    FROM names
),

clocks AS (
    SELECT
        *,
        TRY_CAST(
            concat(
                stamp.y, '-', stamp.m, '-', stamp.d, ' ', stamp.hour, ':', stamp.minute, ':',
                stamp.second, '.', rpad(coalesce(stamp.fraction, ''), 3, '0')
            ) AS TIMESTAMP
        ) AS clock
    FROM stamps
)

SELECT
    file_no,
    array_to_string(folders, '/') AS server,
    CASE
        WHEN epoch.seconds <> ''
            THEN TRY_CAST(epoch.seconds AS BIGINT) * 1000
                + coalesce(TRY_CAST(epoch.thousandths AS BIGINT), 0)
        WHEN stamp.zone IN ('Z', 'UTC') THEN epoch_ms(clock)
        WHEN stamp.zone <> '' THEN epoch_ms(TRY_CAST(concat(clock, stamp.zone) AS TIMESTAMPTZ))
        WHEN clock IS NOT NULL
            THEN epoch_ms(timezone(getvariable('log_zone')::VARCHAR, clock))
    END AS scraped_at,
    clock IS NOT NULL AS has_clock
FROM clocks
