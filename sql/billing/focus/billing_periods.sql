-- How many billing and charge periods begin in a file's first lines, if billing periods do not
-- begin at midnight.
-- grain:  one row, or none
-- params: $file text, $most_lines integer
SELECT
    count(DISTINCT billing_period_start) AS billing_periods,
    count(DISTINCT charge_period_start) AS charge_periods,
    min(billing_period_start) AS shown
FROM (SELECT * FROM raw_text WHERE file = $file LIMIT $most_lines)
WHERE instant(billing_period_start) <> date_trunc('day', instant(billing_period_start))
HAVING count(DISTINCT billing_period_start) > greatest(3, count(DISTINCT charge_period_start))
