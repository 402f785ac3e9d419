-- The text of Google's export with each field of a record by itself, where the export is nested.
-- grain:  file, line
-- params: none
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
    )
FROM raw_text
