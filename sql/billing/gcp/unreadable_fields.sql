-- Fields of Google's export that must be there and are not, or that say what cannot be read.
-- grain:  file, line, column_name
-- params: none
WITH texts AS (
    SELECT labels AS text FROM raw_lines
    UNION
    SELECT system_labels AS text FROM raw_lines
    UNION
    SELECT resource_tags AS text FROM raw_lines
    UNION
    SELECT project_labels AS text FROM raw_lines
),

bad_texts AS (
    SELECT text FROM texts WHERE text <> '[]' AND gcp_list(text) IS NULL
),

credit_texts AS (
    SELECT DISTINCT credits AS text FROM month_lines WHERE credits <> '[]'
),

credit_lists AS (
    SELECT text, gcp_list(text) AS list_text FROM credit_texts
),

credit_amounts AS (
    SELECT text, from_json(list_text, '[{"amount":"VARCHAR"}]') AS told FROM credit_lists
),

bad_credits AS (
    SELECT
        text,
        CASE
            WHEN told IS NULL THEN 'is no list of credits'
            ELSE 'has a credit whose amount is missing or is not a number'
        END AS reason
    FROM credit_amounts
    WHERE
        told IS NULL
        OR len(list_filter(told, lambda credit: amount(credit.amount) IS NULL)) > 0
),

-- One look at all lines: few of them have anything to report.
suspects AS MATERIALIZED (
    SELECT *
    FROM month_lines
    WHERE
        NOT coalesce(regexp_full_match(currency, '[A-Z]{3}'), false)
        OR cost IS NULL
        OR credits IN (SELECT bad_credits.text FROM bad_credits)
        OR line_type NOT IN ('regular', 'tax', 'adjustment', 'rounding_error')
        OR usage_start IS NULL
        OR instant(usage_end) < instant(usage_start)
        OR (pricing_amount IS NOT NULL AND amount(pricing_amount) IS NULL)
        OR labels IN (SELECT bad_texts.text FROM bad_texts)
        OR resource_tags IN (SELECT bad_texts.text FROM bad_texts)
        OR project_labels IN (SELECT bad_texts.text FROM bad_texts)
        OR system_labels IN (SELECT bad_texts.text FROM bad_texts)
)

SELECT
    file, line, 'currency' AS column_name, currency AS value,
    CASE WHEN currency IS NULL THEN 'is empty' ELSE 'is not a currency code' END AS reason,
    true AS is_fatal
FROM suspects
WHERE NOT coalesce(regexp_full_match(currency, '[A-Z]{3}'), false)
UNION ALL
SELECT
    file, line, 'cost' AS column_name, cost AS value,
    'is empty' AS reason,
    true AS is_fatal
FROM suspects
WHERE cost IS NULL
UNION ALL
SELECT
    file, line, 'credits' AS column_name, left(credits, 256) AS value,
    reason,
    true AS is_fatal
FROM suspects
INNER JOIN bad_credits ON suspects.credits = bad_credits.text
UNION ALL
SELECT
    file, line, 'cost_type' AS column_name, cost_type AS value,
    CASE WHEN cost_type IS NULL THEN 'is empty: read as regular' ELSE 'is unknown: read as usage' END
        AS reason,
    false AS is_fatal
FROM suspects
WHERE line_type NOT IN ('regular', 'tax', 'adjustment', 'rounding_error')
UNION ALL
SELECT
    file, line, 'usage_start_time' AS column_name, usage_start AS value,
    'is empty: the start of the invoice month stands in' AS reason,
    false AS is_fatal
FROM suspects
WHERE usage_start IS NULL
UNION ALL
SELECT
    file, line, 'usage_end_time' AS column_name, usage_end AS value,
    'is before the start: read as the start' AS reason,
    false AS is_fatal
FROM suspects
WHERE instant(usage_end) < instant(usage_start)
UNION ALL
SELECT
    file, line, 'usage.amount_in_pricing_units' AS column_name, pricing_amount AS value,
    unreadable_amount(pricing_amount) AS reason,
    false AS is_fatal
FROM suspects
WHERE pricing_amount IS NOT NULL AND amount(pricing_amount) IS NULL
UNION ALL
SELECT
    file, line, 'labels' AS column_name, left(labels, 256) AS value,
    'is no list of keys and values: left out of the tags' AS reason,
    false AS is_fatal
FROM suspects
SEMI JOIN bad_texts ON suspects.labels = bad_texts.text
UNION ALL
SELECT
    file, line, 'tags' AS column_name, left(resource_tags, 256) AS value,
    'is no list of keys and values: left out of the tags' AS reason,
    false AS is_fatal
FROM suspects
SEMI JOIN bad_texts ON suspects.resource_tags = bad_texts.text
UNION ALL
SELECT
    file, line, 'project.labels' AS column_name, left(project_labels, 256) AS value,
    'is no list of keys and values: left out of the tags' AS reason,
    false AS is_fatal
FROM suspects
SEMI JOIN bad_texts ON suspects.project_labels = bad_texts.text
UNION ALL
SELECT
    file, line, 'system_labels' AS column_name, left(system_labels, 256) AS value,
    'is no list of keys and values: the machine type is not known' AS reason,
    false AS is_fatal
FROM suspects
SEMI JOIN bad_texts ON suspects.system_labels = bad_texts.text
