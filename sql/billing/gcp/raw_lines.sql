-- The lines of Google's export as text, with their billing month and what a line is about.
-- grain:  file, line
-- params: none
WITH typed AS (
    SELECT
        *,
        coalesce(cost_type, 'regular') AS line_type,
        coalesce(cost_type, 'regular') = 'regular' AND gcp_is_fee(sku_description, credits)
            AS is_fee
    FROM raw_text
)

SELECT
    *,
    gcp_month(invoice_month) AS line_month,
    'charge' AS line_fate,
    -- The export names no invoice, so that a line cannot lack its.
    false AS lacks_invoice,
    line_type = 'regular' AND cost_at_list IS NULL AND NOT is_fee AS lacks_list_price,
    struct_pack(
        labels := labels,
        system_labels := system_labels,
        resource_tags := resource_tags,
        project_labels := project_labels,
        cost := cost,
        credits := credits,
        usage_amount := usage_amount,
        export_time := export_time
    ) AS line_order,
    -- What a line is about, and nothing that a later delivery of it may restate: no amount, label
    -- or time of export. The same line reads the same from CSV, JSON and Parquet.
    concat_ws(
        '|',
        coalesce(line_month, ''),
        coalesce(billing_account_id, ''),
        coalesce(currency, ''),
        line_type,
        coalesce(service_id, service_description, ''),
        coalesce(sku_id, sku_description, ''),
        coalesce(instant(usage_start)::VARCHAR, usage_start, ''),
        coalesce(instant(usage_end)::VARCHAR, usage_end, ''),
        coalesce(project_id, ''),
        coalesce(zone, region, location, ''),
        coalesce(resource_global_name, resource_name, ''),
        coalesce(subscription_id, ''),
        coalesce(model_id, model_description, ''),
        coalesce(adjustment_id, adjustment_type, ''),
        coalesce(adjustment_mode, ''),
        coalesce(amount(tier_start)::VARCHAR, ''),
        coalesce(seller_name, '')
    ) AS line_key
FROM typed
