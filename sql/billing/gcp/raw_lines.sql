-- The lines of Google's export as text, each field of a record by itself, and what a line is about.
-- grain:  file, line
-- params: none
WITH fields AS (
    SELECT
        * REPLACE (
            gcp_field(invoice_month, 'month') AS invoice_month,
            gcp_field(service_id, 'id') AS service_id,
            gcp_field(service_description, 'description') AS service_description,
            gcp_field(sku_id, 'id') AS sku_id,
            gcp_field(sku_description, 'description') AS sku_description,
            gcp_field(project_id, 'id') AS project_id,
            gcp_field(project_name, 'name') AS project_name,
            gcp_field(project_labels, 'labels') AS project_labels,
            gcp_field(location, 'location') AS location,
            gcp_field(region, 'region') AS region,
            gcp_field(zone, 'zone') AS zone,
            gcp_field(resource_name, 'name') AS resource_name,
            gcp_field(resource_global_name, 'global_name') AS resource_global_name,
            gcp_number(usage_amount, 'amount') AS usage_amount,
            gcp_field(usage_unit, 'unit') AS usage_unit,
            gcp_number(pricing_amount, 'amount_in_pricing_units') AS pricing_amount,
            gcp_field(pricing_unit, 'pricing_unit') AS pricing_unit,
            gcp_field(adjustment_id, 'id') AS adjustment_id,
            gcp_field(adjustment_type, 'type') AS adjustment_type,
            gcp_field(adjustment_mode, 'mode') AS adjustment_mode,
            gcp_number(tier_start, 'tier_start_amount') AS tier_start,
            gcp_field(subscription_id, 'instance_id') AS subscription_id,
            gcp_field(model_id, 'id') AS model_id,
            gcp_field(model_description, 'description') AS model_description
        ),
        coalesce(cost_type, 'regular') AS line_type,
        coalesce(cost_type, 'regular') = 'regular'
        AND gcp_is_fee(gcp_field(sku_description, 'description'), credits) AS is_fee
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
FROM fields
