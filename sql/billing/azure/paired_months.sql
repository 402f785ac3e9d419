-- The billing months of which both the actual and the amortized costs are delivered.
-- grain:  month
-- params: none
SELECT left(billing_period_start, 7) AS month
FROM raw_text
GROUP BY month
HAVING bool_or(role = 'actual') AND bool_or(role = 'amortized')
ORDER BY month
