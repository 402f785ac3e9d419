-- The lines of a bill as text, with what tells a container split row and one charge from another.
-- grain:  file, line
-- params: none
SELECT
    * REPLACE (
        coalesce(product_name, cur_attribute(product_map, '$.product_name')) AS product_name,
        coalesce(region, cur_attribute(product_map, '$.region')) AS region,
        coalesce(instance_type, cur_attribute(product_map, '$.instance_type')) AS instance_type,
        coalesce(product_family, cur_attribute(product_map, '$.product_family')) AS product_family
    ),
    strftime(instant(billing_period_start), '%Y-%m') AS line_month,
    CASE
        WHEN
            parent_resource_id IS NULL
            AND coalesce(operation, '') NOT IN ('EKSPod-EC2', 'ECSTask-EC2')
            THEN 'charge'
        WHEN parent_resource_id IS NOT NULL AND split_cost IS NOT NULL THEN 'split'
        ELSE 'rejected'
    END AS line_fate,
    -- A CUR 2.0 export may have been made without the column: then no line waits for its invoice.
    invoice_id IS NULL AND coalesce(getvariable('names_invoices'), true) AS lacks_invoice,
    public_cost IS NULL
    AND coalesce(line_item_type, 'Usage') NOT IN (
        'Tax',
        'Credit',
        'Refund',
        'Fee',
        'RIFee',
        'SavingsPlanNegation',
        'SavingsPlanRecurringFee',
        'SavingsPlanUpfrontFee'
    )
    AND coalesce(line_item_type, '') NOT LIKE '%Discount'
    AND coalesce(product_code, '') NOT ILIKE 'AWS%Support%'
    AND coalesce(product_code, '') NOT ILIKE 'OCB%Support%' AS lacks_list_price,
    struct_pack(
        description := description,
        tags := tags,
        tag_map := coalesce(tag_map, resource_tag_map),
        usage_amount := usage_amount,
        unblended_cost := unblended_cost,
        public_cost := public_cost
    ) AS line_order,
    coalesce(invoicing_entity, legal_entity, 'AWS') AS issuer,
    -- What a line is about, and nothing that a later delivery of it may restate: no amount,
    -- invoice, tag or LineItemId.
    concat_ws(
        '|',
        cur_instant(billing_period_start),
        coalesce(payer_account_id, ''),
        coalesce(usage_account_id, ''),
        coalesce(invoicing_entity, legal_entity, ''),
        coalesce(currency_code, ''),
        coalesce(line_item_type, ''),
        coalesce(product_code, ''),
        coalesce(usage_type, ''),
        coalesce(operation, ''),
        coalesce(resource_id, ''),
        cur_instant(usage_start),
        cur_instant(usage_end),
        coalesce(sku, ''),
        coalesce(plan_arn, reservation_arn, ''),
        coalesce(tax_type, ''),
        coalesce(parent_resource_id, '')
    ) AS line_key
FROM raw_text
