-- Every readable record of the window that repeats an earlier one: file name order, then line.
-- grain:  path, row
-- params: $window_start timestamp, $window_end timestamp (exclusive)
SELECT path, row
FROM (
    SELECT
        identities.path,
        identities.row,
        row_number() OVER (
            PARTITION BY
                identities.request_id,
                identities.attempt,
                coalesce(identities.account_id, ''),
                coalesce(identities.region, '')
            ORDER BY coalesce(identities.file_no, parts.file_no), identities.row
        ) AS place
    FROM log_identities AS identities
    LEFT JOIN log_parts AS parts ON identities.path = parts.path
    WHERE
        identities.problem IS NULL
        AND identities.request_id IS NOT NULL AND identities.request_id <> ''
        AND identities.started_at >= $window_start AND identities.started_at < $window_end
        AND hash(
            identities.request_id,
            identities.attempt,
            coalesce(identities.account_id, ''),
            coalesce(identities.region, '')
        ) IN (SELECT id_hash FROM log_repeated_ids)
)
WHERE place > 1
