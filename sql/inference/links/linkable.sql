-- The good records of one source that reached a provider, without those that repeat another of them.
-- `node` is a record's place in the order in which logs count: rank, answered before failed, later
-- attempts before earlier ones, part, row.
-- grain:  node
-- params: none; view log_unnumbered, tables log_numbers, log_duplicates, variable log_rank
SELECT
    (getvariable('log_rank')::BIGINT << 60)
    | ((NOT records.is_ok)::BIGINT << 59)
    | ((255 - least(records.attempt, 255)) << 51)
    | (numbers.part_no::BIGINT << 32)
    | records.row AS node,
    records.* EXCLUDE (path, provider, account_id, region, resource_id, model),
    coalesce(trim(records.provider), '') AS provider,
    coalesce(trim(records.account_id), '') AS account_id,
    coalesce(trim(records.region), '') AS region,
    coalesce(trim(records.resource_id), '') AS resource_id,
    trim(records.model) AS model
FROM (
    SELECT
        *,
        coalesce(lower(trim(status)), '') IN ('', 'ok', 'success', 'successful', 'succeeded', '200')
            AS is_ok
    FROM log_unnumbered
    WHERE problem IS NULL AND left_out IS NULL AND NOT gateway_cache_hit
) AS records
JOIN log_numbers AS numbers ON records.path = numbers.path
ANTI JOIN log_duplicates AS doubles
    ON numbers.part_no = doubles.part_no AND records.row = doubles.row
