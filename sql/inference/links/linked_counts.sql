-- How many records of a source are counted in which other, and how that is known: by an id, as one
-- more span of an answer, or by the hour.
-- grain:  source_no, better_no, how
-- params: $window_start timestamp, $window_end timestamp (exclusive); view log_members, tables log_labels, log_nested, log_presumed
SELECT
    others.source_no,
    coalesce(better.source_no, others.source_no) AS better_no,
    CASE WHEN better.node IS NOT NULL THEN 'id' ELSE 'span' END AS how,
    count(*) AS records
FROM log_members AS others
LEFT JOIN log_labels AS labels ON others.node = labels.node
LEFT JOIN log_members AS better
    ON labels.label = better.node AND better.node >> 60 < others.node >> 60
LEFT JOIN (SELECT DISTINCT node FROM log_nested) AS nested ON others.node = nested.node
WHERE
    others.started_at >= $window_start AND others.started_at < $window_end
    AND (better.node IS NOT NULL OR nested.node IS NOT NULL)
GROUP BY ALL
