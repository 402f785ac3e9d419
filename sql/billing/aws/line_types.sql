-- How many charged lines of each line item type the report has.
-- grain:  line_item_type
-- params: none
SELECT line_item_type, count(*) AS lines
FROM bill_lines
GROUP BY line_item_type
ORDER BY line_item_type
