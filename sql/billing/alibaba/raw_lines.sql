-- The lines of Alibaba Cloud's bill as text, with what each is of and what it is about.
-- grain:  file, line
-- params: none
WITH named AS (
    SELECT
        *,
        alibaba_month(billing_cycle) AS cycle,
        alibaba_item(item, item_zh) AS item_kind,
        alibaba_is_subscription(subscription_type) AS is_subscription,
        -- The Chinese site's export has no column for it and bills in one currency.
        coalesce(currency_code, CASE WHEN item_zh IS NOT NULL THEN 'CNY' END) AS currency,
        coalesce(alibaba_instant(usage_start), alibaba_instant(billing_date)) AS period_start,
        coalesce(
            alibaba_instant(usage_end),
            alibaba_instant(usage_start),
            alibaba_instant(billing_date) + INTERVAL 1 DAY
        ) AS period_end
    FROM raw_text
)

SELECT
    *,
    cycle AS line_month,
    'charge' AS line_fate,
    role <> 'month' AS lacks_invoice,
    gross_amount IS NULL AND coalesce(item_kind, '') NOT IN ('Refund', 'Adjustment')
        AS lacks_list_price,
    struct_pack(
        record_id := record_id,
        tag_text := tag_text,
        usage := usage,
        pretax_amount := pretax_amount,
        gross_amount := gross_amount
    ) AS line_order,
    -- What a line is about, and nothing that a later delivery of it may restate: no amount, order
    -- or bill number, name or tag.
    concat_ws(
        '|',
        cycle,
        coalesce(account_id, ''),
        coalesce(owner_id, ''),
        coalesce(product_code, ''),
        coalesce(commodity_code, product_type, ''),
        coalesce(subscription_type, ''),
        coalesce(item_kind, ''),
        coalesce(billing_item_code, billing_item, ''),
        coalesce(instance_id, ''),
        coalesce(region, ''),
        coalesce(zone, ''),
        coalesce(usage_start, ''),
        coalesce(usage_end, ''),
        coalesce(billing_date, ''),
        coalesce(currency, '')
    ) AS line_key
FROM named
