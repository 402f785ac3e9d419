-- Every readable record of the window that repeats an earlier one: file name order, then line.
-- An identity is compared as its 128-bit MD5: rows without text sort several times faster, and
-- among 100 million ids the odds of two alike are below 1e-22.
-- grain:  part_no, row
-- params: $window_start timestamp, $window_end timestamp (exclusive)
SELECT part_no, row
FROM (
    SELECT
        part_no,
        row,
        row_number() OVER (PARTITION BY identity ORDER BY file_no, row) AS place
    FROM (
        SELECT
            parts.part_no,
            identities.row,
            coalesce(identities.file_no, parts.file_no) AS file_no,
            md5_number(
                concat_ws(
                    chr(31),
                    identities.request_id,
                    identities.attempt,
                    coalesce(identities.account_id, ''),
                    coalesce(identities.region, '')
                )
            ) AS identity
        FROM log_identities AS identities
        JOIN log_parts AS parts ON identities.path = parts.path
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
)
WHERE place > 1
