-- The distinct texts that tell what a bill's lines count: a few thousand, whatever the bill's size.
-- grain:  provider, usage_type, meter, description, amount, direction, cache, unit
-- params: none
SELECT DISTINCT provider, usage_type, meter, description, amount, direction, cache, unit
FROM billed_lines
ORDER BY ALL
