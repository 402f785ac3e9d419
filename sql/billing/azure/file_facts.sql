-- What the lines of one export file say of the file as a whole: how its dates and amounts are
-- written, and whether its costs are amortized. One line alone could not tell.
-- grain:  file
-- params: none
WITH dates AS (
    SELECT
        file,
        unnest([date, billing_period_start, billing_period_end]) AS text
    FROM written_text
),

date_counts AS (
    SELECT
        file,
        count(*) FILTER (WHERE slash_part(text, 1) > 12) AS day_first_dates,
        min(text) FILTER (WHERE slash_part(text, 1) > 12) AS day_first_date,
        count(*) FILTER (WHERE slash_part(text, 2) > 12) AS month_first_dates,
        min(text) FILTER (WHERE slash_part(text, 2) > 12) AS month_first_date,
        -- 02/02/2026 is the same day either way.
        count(*) FILTER (WHERE slash_part(text, 1) <> slash_part(text, 2)) AS telling_dates,
        min(text) FILTER (WHERE slash_part(text, 1) <> slash_part(text, 2)) AS telling_date
    FROM dates
    GROUP BY file
),

-- A billing period is a month long: 01/05/2026 to 02/04/2026 is one in one reading only.
period_counts AS (
    SELECT
        file,
        count(*) FILTER (WHERE is_one_month(slash_date(start, true), slash_date(ending, true)))
            AS day_first_periods,
        count(*) FILTER (WHERE is_one_month(slash_date(start, false), slash_date(ending, false)))
            AS month_first_periods
    FROM (
        SELECT DISTINCT file, billing_period_start AS start, billing_period_end AS ending
        FROM written_text
    )
    WHERE slash_part(start, 1) IS NOT NULL
    GROUP BY file
),

worded AS (
    SELECT
        file,
        charge_kind(charge_type) AS kind,
        is_commitment(pricing_model) AS is_committed,
        CASE WHEN is_commitment(pricing_model) THEN cost END AS committed_cost,
        cost,
        quantity
    FROM written_text
),

amounts AS (
    SELECT
        file,
        count(*) FILTER (WHERE contains(cost, ',') OR contains(quantity, ',')) AS commas,
        count(*) FILTER (WHERE contains(cost, '.') OR contains(quantity, '.')) AS points,
        -- 1,234 may be a thousand, 0,5 and 1,23 may not.
        count(*) FILTER (
            WHERE regexp_matches(concat_ws('|', cost, quantity), '(^|[|-])0,|,[0-9]{1,2}($|[|])|,[0-9]{4}')
        ) AS decimal_commas,
        min(cost) FILTER (WHERE contains(cost, ',')) AS comma_amount,
        count(*) FILTER (WHERE kind LIKE 'unused%') AS unused_lines,
        count(*) FILTER (
            WHERE
                kind = 'usage'
                AND is_committed
                AND NOT coalesce(regexp_full_match(committed_cost, '-?[0.,]*(E-?[0-9]+)?'), true)
        ) AS covered_lines,
        count(*) FILTER (WHERE kind IN ('purchase', 'refund') AND is_committed) AS fee_lines,
        count(*) FILTER (WHERE is_committed OR kind LIKE 'unused%') AS committed_lines
    FROM worded
    GROUP BY file
)

SELECT
    amounts.*,
    coalesce(date_counts.day_first_dates, 0) AS day_first_dates,
    date_counts.day_first_date,
    coalesce(date_counts.month_first_dates, 0) AS month_first_dates,
    date_counts.month_first_date,
    coalesce(date_counts.telling_dates, 0) AS telling_dates,
    date_counts.telling_date,
    coalesce(period_counts.day_first_periods, 0) AS day_first_periods,
    coalesce(period_counts.month_first_periods, 0) AS month_first_periods
FROM amounts
LEFT JOIN date_counts ON amounts.file = date_counts.file
LEFT JOIN period_counts ON amounts.file = period_counts.file
ORDER BY amounts.file
