-- The text of the files with one way of writing dates (2026-09-30) and amounts (0.5), and whether
-- each file's costs are actual or amortized, as was decided for the file as a whole.
-- grain:  file, line
-- params: none
SELECT
    written_text.* REPLACE (
        cost_views.role AS role,
        iso_date(date, is_day_first) AS date,
        -- The old pay-as-you-go export has no billing period: the calendar month of the day is.
        coalesce(
            iso_date(billing_period_start, is_day_first),
            CASE
                WHEN iso_date(date, is_day_first) LIKE '____-__-__%'
                    THEN left(iso_date(date, is_day_first), 7) || '-01'
            END
        ) AS billing_period_start,
        iso_date(billing_period_end, is_day_first) AS billing_period_end,
        point_amount(cost, has_decimal_commas) AS cost,
        point_amount(quantity, has_decimal_commas) AS quantity,
        point_amount(unit_price, has_decimal_commas) AS unit_price,
        point_amount(list_price, has_decimal_commas) AS list_price,
        point_amount(list_cost, has_decimal_commas) AS list_cost,
        point_amount(exchange_rate, has_decimal_commas) AS exchange_rate
    ),
    cost_views.names_invoices
FROM written_text
INNER JOIN cost_views ON written_text.file = cost_views.file
