-- The parts of one bucket whose resource has a key to spread them by.
-- grain:  origin_id (one part)
-- params: $bucket text
SELECT row_number() OVER () AS origin_id, p.*
FROM parts AS p
SEMI JOIN keys AS k USING (link_key)
WHERE p.bucket = $bucket
