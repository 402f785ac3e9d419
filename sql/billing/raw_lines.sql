-- The lines of a bill as text, with what tells a container split row and one charge from another.
-- grain:  file, line
-- params: none
SELECT
    *,
    parent_resource_id IS NOT NULL
        OR coalesce(operation, '') IN ('EKSPod-EC2', 'ECSTask-EC2') AS is_split_row,
    coalesce(invoicing_entity, legal_entity, 'AWS') AS issuer,
    -- What a line is about, and nothing that a later delivery of it may restate: no amount,
    -- invoice, tag or LineItemId.
    concat_ws(
        '|',
        billing_period_start,
        coalesce(payer_account_id, ''),
        coalesce(usage_account_id, ''),
        coalesce(invoicing_entity, legal_entity, ''),
        coalesce(currency_code, ''),
        coalesce(line_item_type, ''),
        coalesce(product_code, ''),
        coalesce(usage_type, ''),
        coalesce(operation, ''),
        coalesce(resource_id, ''),
        coalesce(usage_start, ''),
        coalesce(usage_end, ''),
        coalesce(sku, ''),
        coalesce(plan_arn, reservation_arn, ''),
        coalesce(tax_type, ''),
        coalesce(parent_resource_id, '')
    ) AS line_key
FROM raw_text
