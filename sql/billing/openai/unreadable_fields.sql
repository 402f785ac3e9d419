-- Fields of OpenAI's costs pages that must be there.
-- grain:  file, line, column_name
-- params: none
SELECT
    file,
    line,
    'amount.value' AS column_name,
    amount_value AS value,
    'is empty' AS reason,
    true AS is_fatal
FROM month_lines
WHERE amount_value IS NULL
UNION ALL
SELECT
    file,
    line,
    'amount.currency' AS column_name,
    amount_currency AS value,
    CASE WHEN amount_currency IS NULL THEN 'is empty' ELSE 'is not a currency code' END AS reason,
    true AS is_fatal
FROM month_lines
WHERE NOT coalesce(regexp_full_match(amount_currency, '[A-Za-z]{3}'), false)
UNION ALL
SELECT
    file,
    line,
    'end_time' AS column_name,
    end_time AS value,
    'is not after the start: read as a day' AS reason,
    false AS is_fatal
FROM month_lines
WHERE coalesce(instant(end_time) <= instant(start_time), end_time IS NULL)
