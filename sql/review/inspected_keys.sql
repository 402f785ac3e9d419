-- The keys of a JSON column of an inspected export: on how many lines, with which values.
-- grain:  key
-- params: $column text: Tags, SkuPriceDetails or AllocatedTags; $most bigint examples
--         (reads inspected_charges)
WITH objects AS (
    SELECT
        CASE $column
            WHEN 'Tags' THEN "Tags"
            WHEN 'SkuPriceDetails' THEN "SkuPriceDetails"
            WHEN 'AllocatedTags' THEN "AllocatedTags"
        END AS object,
        count(*) AS lines,
        sum("EffectiveCost") AS effective
    FROM inspected_charges
    GROUP BY object
),

members AS (
    SELECT unnest(json_keys(object)) AS key, object, lines, effective
    FROM objects
    WHERE json_valid(object) AND json_type(object) = 'OBJECT'
),

key_values AS (
    SELECT
        key,
        json_extract_string(object, '$."' || replace(key, '"', '\"') || '"') AS value,
        sum(lines) AS lines,
        sum(effective) AS effective
    FROM members
    GROUP BY ALL
)

SELECT
    key,
    sum(lines)::BIGINT AS lines,
    count(DISTINCT value) AS distinct_values,
    sum(effective) AS effective,
    list(value ORDER BY abs(effective) DESC, value)[1:$most] AS examples
FROM key_values
WHERE coalesce(value, '') <> ''
GROUP BY key
ORDER BY sum(lines) DESC, key
