-- The subscriptions whose amortized costs are delivered, in months with both views of the costs.
-- grain:  month, subscription
-- params: none
SELECT
    left(billing_period_start, 7) AS month,
    coalesce(lower(subscription_id), '') AS subscription
FROM raw_text
WHERE
    role = 'amortized'
    AND left(billing_period_start, 7) IN (
        SELECT left(actual.billing_period_start, 7)
        FROM raw_text AS actual
        WHERE actual.role = 'actual'
    )
GROUP BY month, subscription
ORDER BY month, subscription
