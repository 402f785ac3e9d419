-- Fields an Azure line cannot do without, and tags that are no JSON, which are read as none.
-- grain:  file, line, column_name
-- params: none
WITH month_fields AS (
    SELECT file, line, line_fate, cost, currency, tag_text
    FROM raw_lines
    WHERE line_month IS NULL OR line_month = getvariable('month')
)

SELECT
    file, line, 'CostInBillingCurrency' AS column_name, cost AS value, 'is empty' AS reason,
    true AS is_fatal
FROM month_fields
WHERE line_fate = 'charge' AND cost IS NULL
UNION ALL
SELECT
    file, line, 'BillingCurrencyCode' AS column_name, currency AS value,
    CASE WHEN currency IS NULL THEN 'is empty' ELSE 'is not a currency code' END AS reason,
    true AS is_fatal
FROM month_fields
WHERE line_fate = 'charge' AND NOT coalesce(regexp_full_match(currency, '[A-Z]{3}'), false)
UNION ALL
SELECT
    file, line, 'Tags' AS column_name, tag_text AS value, 'is not JSON' AS reason,
    false AS is_fatal
FROM month_fields
WHERE line_fate = 'charge' AND tag_text IS NOT NULL AND braced_json(tag_text) IS NULL
