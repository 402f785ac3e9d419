-- The hours of every container split row, with the resource the catalogue or a log knows its pod by.
-- grain:  source, x_ShareId, hour
-- params: none
SELECT
    s.source,
    s.x_ShareId,
    r.link_key,
    unnest(generate_series(
        date_trunc('hour', s.ChargePeriodStart),
        date_trunc('hour', greatest(s.ChargePeriodStart, s.ChargePeriodEnd - INTERVAL 1 MICROSECOND)),
        INTERVAL 1 HOUR
    )) AS hour
FROM split_shares AS s
LEFT JOIN linked_resources AS r ON r.resource_id = s.ResourceId
