-- The text of Google's export with each field of a record by itself, where the export is nested.
-- grain:  file, line
-- params: none
WITH records AS (
    SELECT
        *,
        from_json(
            gcp_record(service_record),
            '{"id":"VARCHAR", "description":"VARCHAR"}'
        ) AS service_fields,
        from_json(
            gcp_record(sku_record),
            '{"id":"VARCHAR", "description":"VARCHAR"}'
        ) AS sku_fields,
        from_json(
            gcp_record(project_record),
            '{"id":"VARCHAR", "name":"VARCHAR", "labels":"JSON"}'
        ) AS project_fields,
        from_json(
            gcp_record(location_record),
            '{"location":"VARCHAR", "region":"VARCHAR", "zone":"VARCHAR"}'
        ) AS location_fields,
        from_json(
            gcp_record(resource_record),
            '{"name":"VARCHAR", "global_name":"VARCHAR"}'
        ) AS resource_fields,
        from_json(
            gcp_exact(gcp_record(usage_record)),
            '{"amount":"VARCHAR", "unit":"VARCHAR", '
            || '"amount_in_pricing_units":"VARCHAR", "pricing_unit":"VARCHAR"}'
        ) AS usage_fields,
        from_json(
            gcp_record(adjustment_info_record),
            '{"id":"VARCHAR", "type":"VARCHAR", "mode":"VARCHAR"}'
        ) AS adjustment_info_fields,
        from_json(
            gcp_record(price_record),
            '{"tier_start_amount":"VARCHAR"}'
        ) AS price_fields,
        from_json(
            gcp_record(subscription_record),
            '{"instance_id":"VARCHAR"}'
        ) AS subscription_fields,
        from_json(
            gcp_record(consumption_model_record),
            '{"id":"VARCHAR", "description":"VARCHAR"}'
        ) AS consumption_model_fields
    FROM raw_text
)

SELECT
    * EXCLUDE (
        service_fields,
        sku_fields,
        project_fields,
        location_fields,
        resource_fields,
        usage_fields,
        adjustment_info_fields,
        price_fields,
        subscription_fields,
        consumption_model_fields
    ) REPLACE (
        gcp_field(invoice_month, 'month') AS invoice_month,
        coalesce(nullif(service_fields.id, ''), service_id) AS service_id,
        coalesce(nullif(service_fields.description, ''), service_description) AS service_description,
        coalesce(nullif(sku_fields.id, ''), sku_id) AS sku_id,
        coalesce(nullif(sku_fields.description, ''), sku_description) AS sku_description,
        coalesce(nullif(project_fields.id, ''), project_id) AS project_id,
        coalesce(nullif(project_fields.name, ''), project_name) AS project_name,
        coalesce(nullif(project_fields.labels::VARCHAR, 'null'), project_labels) AS project_labels,
        coalesce(nullif(location_fields.location, ''), location) AS location,
        coalesce(nullif(location_fields.region, ''), region) AS region,
        coalesce(nullif(location_fields.zone, ''), zone) AS zone,
        coalesce(nullif(resource_fields.name, ''), resource_name) AS resource_name,
        coalesce(nullif(resource_fields.global_name, ''), resource_global_name) AS resource_global_name,
        coalesce(nullif(usage_fields.amount, ''), usage_amount) AS usage_amount,
        coalesce(nullif(usage_fields.unit, ''), usage_unit) AS usage_unit,
        coalesce(nullif(usage_fields.amount_in_pricing_units, ''), pricing_amount) AS pricing_amount,
        coalesce(nullif(usage_fields.pricing_unit, ''), pricing_unit) AS pricing_unit,
        coalesce(nullif(adjustment_info_fields.id, ''), adjustment_id) AS adjustment_id,
        coalesce(nullif(adjustment_info_fields.type, ''), adjustment_type) AS adjustment_type,
        coalesce(nullif(adjustment_info_fields.mode, ''), adjustment_mode) AS adjustment_mode,
        coalesce(nullif(price_fields.tier_start_amount, ''), tier_start) AS tier_start,
        coalesce(nullif(subscription_fields.instance_id, ''), subscription_id) AS subscription_id,
        coalesce(nullif(consumption_model_fields.id, ''), model_id) AS model_id,
        coalesce(nullif(consumption_model_fields.description, ''), model_description) AS model_description
    )
FROM records
