-- The lines of a FOCUS dataset as text, with what tells one charge from another.
-- grain:  file, line
-- params: none
SELECT
    *,
    -- The billing month is the provider's own: as written, not moved by an offset.
    CASE WHEN instant(billing_period_start) IS NOT NULL THEN left(billing_period_start, 7) END
        AS line_month,
    -- Only a mapping file leaves lines out: a total under the lines is no charge.
    CASE WHEN role = 'left_out' THEN 'left_out' ELSE 'charge' END AS line_fate,
    invoice_id IS NULL AND coalesce(getvariable('names_invoices'), true) AS lacks_invoice,
    list_cost IS NULL AS lacks_list_price,
    struct_pack(
        description := charge_description,
        sku_price_details := sku_price_details,
        tags := focus_tags,
        allocated_tags := allocated_tags,
        consumed_quantity := consumed_quantity,
        pricing_quantity := pricing_quantity,
        billed_cost := billed_cost,
        effective_cost := effective_cost,
        contracted_cost := contracted_cost,
        list_cost := list_cost
    ) AS line_order,
    coalesce(
        service_provider_name,
        provider_name,
        publisher_name,
        host_provider_name,
        invoice_issuer_name,
        '(not named)'
    ) AS provider,
    coalesce(
        invoice_issuer_name,
        service_provider_name,
        provider_name,
        publisher_name,
        host_provider_name,
        '(not named)'
    ) AS issuer,
    -- What a line is about, and nothing that a later delivery of it may restate: no amount,
    -- quantity, price, invoice, description or tag. An instant counts, not its spelling: CSV and
    -- Parquet write the same one differently.
    concat_ws(
        '|',
        coalesce(instant(billing_period_start)::VARCHAR, ''),
        coalesce(billing_account_id, ''),
        coalesce(sub_account_id, ''),
        coalesce(service_provider_name, provider_name, publisher_name, ''),
        coalesce(invoice_issuer_name, ''),
        coalesce(billing_currency, ''),
        coalesce(charge_category, ''),
        coalesce(charge_class, ''),
        coalesce(charge_frequency, ''),
        coalesce(instant(charge_period_start)::VARCHAR, ''),
        coalesce(instant(charge_period_end)::VARCHAR, ''),
        coalesce(service_name, ''),
        coalesce(sku_id, ''),
        coalesce(sku_price_id, ''),
        coalesce(sku_meter, ''),
        coalesce(resource_id, ''),
        coalesce(region_id, ''),
        coalesce(pricing_category, ''),
        coalesce(commitment_discount_id, ''),
        coalesce(commitment_discount_status, ''),
        coalesce(capacity_reservation_id, ''),
        coalesce(capacity_reservation_status, ''),
        coalesce(allocated_method_id, ''),
        coalesce(allocated_resource_id, ''),
        coalesce(origin_id, ''),
        coalesce(principal_id, ''),
        coalesce(credential_id, ''),
        coalesce(consumer_id, ''),
        coalesce(usage_type, ''),
        coalesce(operation, '')
    ) AS line_key
FROM raw_text
