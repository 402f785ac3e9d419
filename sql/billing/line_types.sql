-- How many lines of each currency and line item type the export has.
-- grain:  currency_code, line_item_type
-- params: none
SELECT currency_code, line_item_type, count(*) AS lines
FROM raw_lines
WHERE NOT is_split_row
GROUP BY currency_code, line_item_type
ORDER BY currency_code, line_item_type
