-- Fields of Alibaba Cloud's bill that must be there, and words nobody knows.
-- grain:  file, line, column_name
-- params: none
WITH month_lines AS (
    SELECT *
    FROM raw_lines
    WHERE coalesce(line_month = getvariable('month'), true)
)

SELECT
    file,
    line,
    'PretaxAmount' AS column_name,
    pretax_amount AS value,
    'is empty' AS reason,
    true AS is_fatal
FROM month_lines
WHERE pretax_amount IS NULL
UNION ALL
SELECT
    file, line, 'Currency' AS column_name, currency_code AS value,
    CASE WHEN currency IS NULL THEN 'is empty' ELSE 'is not a currency code' END AS reason,
    true AS is_fatal
FROM month_lines
WHERE NOT coalesce(regexp_full_match(currency, '[A-Z]{3}'), false)
UNION ALL
SELECT
    file, line, 'Currency' AS column_name, currency_code AS value,
    'is not told: read as CNY, the only one of the Chinese site' AS reason,
    false AS is_fatal
FROM month_lines
WHERE currency_code IS NULL AND currency IS NOT NULL
UNION ALL
SELECT
    file, line, 'Item' AS column_name, coalesce(item, item_zh) AS value,
    CASE
        WHEN item_kind IS NULL THEN 'is empty: read as usage'
        ELSE 'is unknown: read as usage'
    END AS reason,
    false AS is_fatal
FROM month_lines
WHERE
    coalesce(item_kind, '') NOT IN ('SubscriptionOrder', 'PayAsYouGoBill', 'Refund', 'Adjustment')
UNION ALL
SELECT
    file, line, 'UsageStartTime' AS column_name, usage_start AS value,
    CASE
        WHEN period_start IS NOT NULL THEN 'is no time: the billing date stands in'
        ELSE 'is no time: the billing cycle stands in'
    END AS reason,
    false AS is_fatal
FROM month_lines
WHERE alibaba_instant(usage_start) IS NULL
UNION ALL
SELECT
    file, line, 'UsageEndTime' AS column_name, usage_end AS value,
    'is before the start: read as the start' AS reason,
    false AS is_fatal
FROM month_lines
WHERE alibaba_instant(usage_end) < alibaba_instant(usage_start)
