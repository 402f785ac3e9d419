-- The rows of a table as samples, so far as they hold a metric that is wanted; time as epoch.
-- grain:  line, in the order of the files
-- params: none (variables series_metrics: names of metrics; log_zone: of times without an offset)
SELECT
    file_no,
    line,
    file,
    CASE
        WHEN list_contains(getvariable('series_metrics')::VARCHAR[], metric)
            THEN {
                'head': head,
                'value': coalesce(nullif(trim(value), ''), 'null'),
                'at_ms': CASE
                    WHEN TRY_CAST(moment AS DOUBLE) IS NOT NULL THEN moment
                    WHEN
                        regexp_matches(moment, '[T ]\d{2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$')
                        THEN coalesce(
                            epoch_ms(TRY_CAST(moment AS TIMESTAMPTZ))::VARCHAR, 'not a time'
                        )
                    WHEN TRY_CAST(moment AS TIMESTAMP) IS NULL THEN 'not a time'
                    ELSE coalesce(
                        epoch_ms(
                            timezone(
                                getvariable('log_zone')::VARCHAR, TRY_CAST(moment AS TIMESTAMP)
                            )
                        )::VARCHAR,
                        'no time zone'
                    )
                END,
                'other': NULL::VARCHAR
            }
    END AS r,
    wrong
FROM series_rows
