-- How many charged lines of each line item type the report has, and how many tell no period.
-- grain:  line_item_type
-- params: none
SELECT
    line_item_type,
    count(*) AS lines,
    count(*) FILTER (WHERE usage_start IS NULL AND time_interval IS NULL) AS without_period
FROM bill_lines
GROUP BY line_item_type
ORDER BY line_item_type
