-- Fields of a FOCUS dataset that must be there and are not, or contradict each other.
-- grain:  file, line, column_name
-- params: none
SELECT
    file, line, 'BilledCost' AS column_name, billed_cost AS value,
    'is empty' AS reason,
    true AS is_fatal
FROM month_lines
WHERE billed_cost IS NULL AND line_fate = 'charge'
UNION ALL
SELECT
    file, line, 'BillingCurrency' AS column_name, billing_currency AS value,
    'is empty' AS reason,
    true AS is_fatal
FROM month_lines
WHERE billing_currency IS NULL AND line_fate = 'charge'
UNION ALL
SELECT
    file, line, 'ChargeCategory' AS column_name, charge_category AS value,
    CASE
        WHEN charge_category IS NULL THEN 'is empty'
        ELSE 'is none of Usage, Purchase, Tax, Credit, Adjustment'
    END AS reason,
    true AS is_fatal
FROM month_lines
WHERE focus_word(charge_category) IS NULL AND line_fate = 'charge'
UNION ALL
SELECT
    file, line, 'BillingPeriodEnd' AS column_name, billing_period_end AS value,
    'is not after BillingPeriodStart' AS reason,
    true AS is_fatal
FROM month_lines
WHERE instant(billing_period_end) <= instant(billing_period_start)
UNION ALL
SELECT
    file, line, 'ChargePeriodStart' AS column_name, charge_period_start AS value,
    'is empty: the billing period stands in' AS reason,
    false AS is_fatal
FROM month_lines
WHERE charge_period_start IS NULL AND line_fate = 'charge'
UNION ALL
SELECT
    file, line, 'ChargePeriodEnd' AS column_name, charge_period_end AS value,
    'is empty: the end of the billing period stands in' AS reason,
    false AS is_fatal
FROM month_lines
WHERE charge_period_end IS NULL AND line_fate = 'charge'
UNION ALL
SELECT
    file, line, 'ChargePeriodEnd' AS column_name, charge_period_end AS value,
    'is before ChargePeriodStart: read as the start' AS reason,
    false AS is_fatal
FROM month_lines
WHERE instant(charge_period_end) < instant(charge_period_start)
UNION ALL
SELECT
    file, line, 'CommitmentDiscountStatus' AS column_name, commitment_discount_status AS value,
    'is neither Used nor Unused: read as empty' AS reason,
    false AS is_fatal
FROM month_lines
WHERE lower(commitment_discount_status) NOT IN ('used', 'unused')
UNION ALL
SELECT
    file, line, 'SkuPriceDetails' AS column_name, left(sku_price_details, 256) AS value,
    'is no JSON object: left out' AS reason,
    false AS is_fatal
FROM month_lines
WHERE sku_price_details IS NOT NULL AND focus_object(sku_price_details) IS NULL
UNION ALL
SELECT
    file, line, 'Tags' AS column_name, left(focus_tags, 256) AS value,
    'is no JSON object or list: read as no tags' AS reason,
    false AS is_fatal
FROM month_lines
WHERE focus_tags IS NOT NULL AND NOT focus_holds_tags(focus_tags)
