-- What was read of each file: lines, what became of them, and how much rounding moved their money.
-- grain:  file
-- params: none
WITH counts AS (
    SELECT
        file,
        count(*) AS lines,
        count(*) FILTER (WHERE fate = 'charge') AS charges,
        count(*) FILTER (WHERE fate = 'split') AS split_rows,
        count(*) FILTER (WHERE fate = 'other_month') AS other_months,
        count(*) FILTER (WHERE fate = 'left_out') AS left_out,
        count(*) FILTER (WHERE fate = 'charge' AND lacks_invoice) AS without_invoice,
        count(*) FILTER (WHERE fate = 'charge' AND lacks_list_price) AS without_list_cost
    FROM (
        SELECT
            file,
            CASE WHEN line_month <> getvariable('month') THEN 'other_month' ELSE line_fate END
                AS fate,
            lacks_invoice,
            lacks_list_price
        FROM raw_lines
    )
    GROUP BY file
),

roundings AS (
    SELECT file, sum(abs(amount_rounding(text))) AS rounding_units
    FROM long_amounts
    GROUP BY file
)

SELECT counts.*, coalesce(roundings.rounding_units, 0) AS rounding_units
FROM counts
LEFT JOIN roundings ON counts.file = roundings.file
