-- Fields that cannot be read: line-stopping where money hangs on them, else read as NULL.
-- grain:  file, line, column_name
-- params: $month text
SELECT
    file, line, 'bill/BillingPeriodEndDate' AS column_name, billing_period_end AS value,
    'is not a date and time' AS reason,
    false AS is_fatal
FROM raw_lines
WHERE billing_period_end IS NOT NULL AND instant(billing_period_end) IS NULL
UNION ALL
SELECT
    file, line, 'lineItem/UsageStartDate' AS column_name, usage_start AS value,
    'is not a date and time' AS reason,
    false AS is_fatal
FROM raw_lines
WHERE usage_start IS NOT NULL AND instant(usage_start) IS NULL
UNION ALL
SELECT
    file, line, 'lineItem/UsageEndDate' AS column_name, usage_end AS value,
    'is not a date and time' AS reason,
    false AS is_fatal
FROM raw_lines
WHERE usage_end IS NOT NULL AND instant(usage_end) IS NULL
UNION ALL
SELECT
    file, line, 'lineItem/UsageAmount' AS column_name, usage_amount AS value,
    unreadable_amount(usage_amount) AS reason,
    false AS is_fatal
FROM raw_lines
WHERE usage_amount IS NOT NULL AND amount(usage_amount) IS NULL
UNION ALL
SELECT
    file, line, 'lineItem/UnblendedCost' AS column_name, unblended_cost AS value,
    unreadable_amount(unblended_cost) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE unblended_cost IS NOT NULL AND amount(unblended_cost) IS NULL
UNION ALL
SELECT
    file, line, 'lineItem/NetUnblendedCost' AS column_name, net_unblended_cost AS value,
    unreadable_amount(net_unblended_cost) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE net_unblended_cost IS NOT NULL AND amount(net_unblended_cost) IS NULL
UNION ALL
SELECT
    file, line, 'pricing/publicOnDemandCost' AS column_name, public_cost AS value,
    unreadable_amount(public_cost) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE public_cost IS NOT NULL AND amount(public_cost) IS NULL
UNION ALL
SELECT
    file, line, 'reservation/EffectiveCost' AS column_name, reservation_cost AS value,
    unreadable_amount(reservation_cost) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE reservation_cost IS NOT NULL AND amount(reservation_cost) IS NULL
UNION ALL
SELECT
    file, line, 'reservation/NetEffectiveCost' AS column_name, net_reservation_cost AS value,
    unreadable_amount(net_reservation_cost) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE net_reservation_cost IS NOT NULL AND amount(net_reservation_cost) IS NULL
UNION ALL
SELECT
    file, line, 'reservation/UnusedAmortizedUpfrontFeeForBillingPeriod' AS column_name, unused_upfront AS value,
    unreadable_amount(unused_upfront) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE unused_upfront IS NOT NULL AND amount(unused_upfront) IS NULL
UNION ALL
SELECT
    file, line, 'reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod' AS column_name, net_unused_upfront AS value,
    unreadable_amount(net_unused_upfront) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE net_unused_upfront IS NOT NULL AND amount(net_unused_upfront) IS NULL
UNION ALL
SELECT
    file, line, 'reservation/UnusedRecurringFee' AS column_name, unused_recurring AS value,
    unreadable_amount(unused_recurring) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE unused_recurring IS NOT NULL AND amount(unused_recurring) IS NULL
UNION ALL
SELECT
    file, line, 'reservation/NetUnusedRecurringFee' AS column_name, net_unused_recurring AS value,
    unreadable_amount(net_unused_recurring) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE net_unused_recurring IS NOT NULL AND amount(net_unused_recurring) IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/SavingsPlanEffectiveCost' AS column_name, plan_cost AS value,
    unreadable_amount(plan_cost) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE plan_cost IS NOT NULL AND amount(plan_cost) IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/NetSavingsPlanEffectiveCost' AS column_name, net_plan_cost AS value,
    unreadable_amount(net_plan_cost) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE net_plan_cost IS NOT NULL AND amount(net_plan_cost) IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/TotalCommitmentToDate' AS column_name, plan_commitment AS value,
    unreadable_amount(plan_commitment) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE plan_commitment IS NOT NULL AND amount(plan_commitment) IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/UsedCommitment' AS column_name, plan_used AS value,
    unreadable_amount(plan_used) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE plan_used IS NOT NULL AND amount(plan_used) IS NULL
UNION ALL
SELECT
    file, line, 'splitLineItem/SplitCost' AS column_name, split_cost AS value,
    unreadable_amount(split_cost) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE split_cost IS NOT NULL AND amount(split_cost) IS NULL
UNION ALL
SELECT
    file, line, 'splitLineItem/NetSplitCost' AS column_name, net_split_cost AS value,
    unreadable_amount(net_split_cost) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE net_split_cost IS NOT NULL AND amount(net_split_cost) IS NULL
UNION ALL
SELECT
    file, line, 'splitLineItem/UnusedCost' AS column_name, split_unused AS value,
    unreadable_amount(split_unused) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE split_unused IS NOT NULL AND amount(split_unused) IS NULL
UNION ALL
SELECT
    file, line, 'splitLineItem/NetUnusedCost' AS column_name, net_split_unused AS value,
    unreadable_amount(net_split_unused) AS reason,
    true AS is_fatal
FROM raw_lines
WHERE net_split_unused IS NOT NULL AND amount(net_split_unused) IS NULL
UNION ALL
SELECT
    file, line, 'bill/BillingPeriodStartDate' AS column_name, billing_period_start AS value,
    CASE
        WHEN billing_period_start IS NULL THEN 'is empty'
        WHEN instant(billing_period_start) IS NULL THEN 'is not a date and time'
        ELSE 'is another billing month than the delivery''s'
    END AS reason,
    true AS is_fatal
FROM raw_lines
WHERE instant(billing_period_start) IS NULL OR strftime(instant(billing_period_start), '%Y-%m') <> $month
UNION ALL
SELECT
    file, line, 'lineItem/CurrencyCode' AS column_name, currency_code AS value,
    CASE WHEN currency_code IS NULL THEN 'is empty' ELSE 'is not a currency code' END AS reason,
    true AS is_fatal
FROM raw_lines
WHERE NOT is_split_row AND NOT coalesce(regexp_full_match(currency_code, '[A-Z]{3}'), false)
UNION ALL
SELECT
    file, line, 'lineItem/UnblendedCost' AS column_name, unblended_cost AS value,
    'is empty' AS reason,
    true AS is_fatal
FROM raw_lines
WHERE NOT is_split_row AND unblended_cost IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/SavingsPlanEffectiveCost' AS column_name, plan_cost AS value,
    'is empty on usage a savings plan covers' AS reason,
    true AS is_fatal
FROM raw_lines
WHERE line_item_type = 'SavingsPlanCoveredUsage' AND NOT is_split_row AND plan_cost IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/TotalCommitmentToDate' AS column_name, plan_commitment AS value,
    'is empty on a recurring fee of a savings plan' AS reason,
    true AS is_fatal
FROM raw_lines
WHERE line_item_type = 'SavingsPlanRecurringFee' AND NOT is_split_row AND plan_commitment IS NULL
UNION ALL
SELECT
    file, line, 'savingsPlan/UsedCommitment' AS column_name, plan_used AS value,
    'is empty on a recurring fee of a savings plan' AS reason,
    true AS is_fatal
FROM raw_lines
WHERE line_item_type = 'SavingsPlanRecurringFee' AND NOT is_split_row AND plan_used IS NULL
UNION ALL
SELECT
    file, line, 'reservation/EffectiveCost' AS column_name, reservation_cost AS value,
    'is empty on usage a reservation covers' AS reason,
    true AS is_fatal
FROM raw_lines
WHERE line_item_type = 'DiscountedUsage' AND NOT is_split_row AND reservation_cost IS NULL
UNION ALL
SELECT
    file, line, 'reservation/UnusedRecurringFee' AS column_name, unused_recurring AS value,
    'is empty on a reservation''s fee, and so is its unused upfront part' AS reason,
    true AS is_fatal
FROM raw_lines
WHERE line_item_type = 'RIFee' AND NOT is_split_row AND unused_recurring IS NULL AND unused_upfront IS NULL
UNION ALL
SELECT
    file, line, 'lineItem/LineItemType' AS column_name, line_item_type AS value,
    'is empty: read as Usage' AS reason,
    false AS is_fatal
FROM raw_lines
WHERE line_item_type IS NULL AND NOT is_split_row
UNION ALL
SELECT
    file, line, 'lineItem/UsageStartDate' AS column_name, usage_start AS value,
    'is empty: the time interval or the billing period stands in' AS reason,
    false AS is_fatal
FROM raw_lines
WHERE usage_start IS NULL AND NOT is_split_row
UNION ALL
SELECT
    file, line, 'lineItem/UsageEndDate' AS column_name, usage_end AS value,
    'is before the start: read as the start' AS reason,
    false AS is_fatal
FROM raw_lines
WHERE instant(usage_end) < instant(usage_start)
UNION ALL
SELECT
    file, line, 'splitLineItem/ParentResourceId' AS column_name, parent_resource_id AS value,
    'is empty on a split row: the row is left out' AS reason,
    false AS is_fatal
FROM raw_lines
WHERE is_split_row AND parent_resource_id IS NULL
UNION ALL
SELECT
    file, line, 'splitLineItem/SplitCost' AS column_name, split_cost AS value,
    'is empty on a split row: the row is left out' AS reason,
    false AS is_fatal
FROM raw_lines
WHERE is_split_row AND split_cost IS NULL
