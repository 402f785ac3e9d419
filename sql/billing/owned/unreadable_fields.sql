-- Fields of the owned-cost files that look like a slip but can be read.
-- What cannot be charged stops the month when the rows are worked out, all fields at once.
-- grain:  file, line, column_name
-- params: none
SELECT
    file,
    line,
    'until' AS column_name,
    ends AS value,
    'is the last day of a month and leaves that day out: it is the first day no longer covered'
        AS reason,
    false AS is_fatal
FROM raw_lines
WHERE
    coalesce(line_month = getvariable('month'), true)
    AND instant(ends) = last_day(instant(ends))
    AND strftime(instant(ends), '%Y-%m') = getvariable('month')
