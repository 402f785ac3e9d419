-- The hours each linked charge spans, with the part of the hour it covers.
-- grain:  origin_id, hour
-- params: none
WITH spanned AS (
    SELECT
        origin_id,
        link_key,
        starts_at,
        ends_at,
        unnest(generate_series(first_hour, last_hour, INTERVAL 1 HOUR)) AS hour
    FROM linked_charges
)
SELECT
    origin_id,
    link_key,
    hour,
    greatest(1, epoch_us(least(ends_at, hour + INTERVAL 1 HOUR))
        - epoch_us(greatest(starts_at, hour))) AS overlap_us
FROM spanned
