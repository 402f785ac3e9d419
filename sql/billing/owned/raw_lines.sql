-- The rows of the owned-cost files, with the month each is read for and what it is about.
-- A row is of every month it covers or is paid in: of the month that is read if it is of that one,
-- else of the month it begins in. While no month is read, files being looked into for theirs, it is
-- of a span of months, `2026-01..2026-09`, or `2026-01..` without an end.
-- grain:  file, line
-- params: none
WITH spans AS (
    SELECT
        *,
        regexp_extract(
            lower(file), '(?:^|/)(hardware|electricity|labour|software|data)[^/]*$', 1
        ) AS owned_kind,
        instant(starts) AS starts_at,
        instant(ends) AS ends_at,
        try_cast(getvariable('month') || '-01' AS TIMESTAMP) AS month_start,
        try_cast(getvariable('month') || '-01' AS TIMESTAMP) + INTERVAL 1 MONTH AS month_end,
        coalesce(instant(paid_on), instant(starts)) AS paid_at
    FROM raw_text
)

SELECT
    * EXCLUDE (starts_at, ends_at, month_start, month_end, paid_at),
    CASE
        WHEN starts_at IS NULL THEN NULL
        WHEN month_start IS NULL
            THEN strftime(least(starts_at, paid_at), '%Y-%m')
            || '..'
            || CASE
                WHEN ends_at IS NULL THEN ''
                ELSE strftime(greatest(ends_at - INTERVAL 1 DAY, paid_at), '%Y-%m')
            END
        WHEN starts_at < month_end AND coalesce(ends_at > month_start, true)
            THEN getvariable('month')
        WHEN paid_at >= month_start AND paid_at < month_end THEN getvariable('month')
        ELSE strftime(starts_at, '%Y-%m')
    END AS line_month,
    'charge' AS line_fate,
    false AS lacks_invoice,
    false AS lacks_list_price,
    struct_pack(
        name := name,
        tags := tags,
        account := account,
        ends := ends,
        prices := concat_ws(
            '|', purchase_price, lease_rate, tariff_per_kwh, maintenance_per_month, price_per_gb,
            amount, kwh, monthly_rate, hours, fte, price, quantity
        )
    ) AS line_order,
    concat_ws(
        '|',
        owned_kind,
        coalesce(asset_id, ''),
        coalesce(id, ''),
        coalesce(starts, ''),
        coalesce(currency, '')
    ) AS line_key
FROM spans
