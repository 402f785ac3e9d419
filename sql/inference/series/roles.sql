-- What each series counts as, with numbers for its identity, its device and its record.
-- grain:  head_no
-- params: none
SELECT
    head_no,
    dense_rank() OVER (ORDER BY identity)::UINTEGER AS series_no,
    dense_rank() OVER (ORDER BY device)::UINTEGER AS device_no,
    dense_rank() OVER (ORDER BY record)::UINTEGER AS record_no,
    field,
    factor,
    precision,
    ceiling,
    preference,
    is_part,
    held_field,
    held_factor,
    record
FROM series_named
