-- One record of each pair of a request and its response, and one of each event without the other.
-- grain:  file_no, line
-- params: none; view mapped_events
WITH usable AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY event_id, role ORDER BY file_no, line) AS place
    FROM mapped_events
    WHERE left_out IS NULL AND role <> 'other'
),

first_events AS (
    SELECT event_id, role, said, said_wrong FROM usable WHERE place = 1
)

SELECT
    events.file_no,
    events.line,
    CASE
        WHEN events.place > 1 THEN 'duplicate'
        WHEN events.role = 'response' AND other.event_id IS NOT NULL THEN 'response of a request'
    END AS left_out,
    events.own,
    CASE WHEN events.role = 'request' THEN other.said ELSE events.said END AS said,
    CASE
        WHEN events.place > 1 THEN NULL
        WHEN events.role = 'request' THEN other.said_wrong
        WHEN other.event_id IS NULL THEN events.said_wrong
    END AS said_wrong,
    events.role = 'request' AND other.event_id IS NULL AS is_unanswered
FROM usable AS events
LEFT JOIN first_events AS other
    ON events.event_id = other.event_id AND events.role <> other.role

UNION ALL

SELECT
    file_no,
    line,
    coalesce(left_out, 'neither request nor response') AS left_out,
    own,
    NULL AS said,
    NULL AS said_wrong,
    false AS is_unanswered
FROM mapped_events
WHERE left_out IS NOT NULL OR role = 'other'
