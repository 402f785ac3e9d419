-- Lines with credits and fees of commitments: what they cost, and what pools of fees are told by.
-- grain:  line_number
-- params: none (tables `gcp_credits`, `gcp_label_texts`)
WITH sums AS (
    SELECT
        line_number,
        coalesce(sum(amount) FILTER (WHERE use <> 'payment'), 0) AS lowered,
        coalesce(sum(amount) FILTER (WHERE use = 'spend'), 0) AS spend_credit,
        coalesce(sum(amount) FILTER (WHERE use = 'resource'), 0) AS resource_credit,
        bool_or(use = 'offset') AS has_offset,
        -- The credit that covers most names the commitment.
        arg_max(struct_pack(id := credit_id, name := credit_name, use := use), abs(amount))
            FILTER (WHERE use IN ('spend', 'resource')) AS commitment
    FROM gcp_credits
    GROUP BY line_number
),

-- A fee that nothing used has no offset: it is known by the other fees of its SKU.
offset_skus AS (
    SELECT DISTINCT sku_id
    FROM bill_lines
    WHERE line_type = 'regular' AND contains(credits, 'FEE_UTILIZATION_OFFSET')
)

SELECT
    bill_lines.line_number,
    line_key,
    line_order,
    coalesce(billing_account_id, '') AS account,
    currency,
    amount(cost) AS cost,
    amount(cost) + coalesce(sums.lowered, 0) AS lowered_cost,
    coalesce(sums.spend_credit, 0) AS spend_credit,
    coalesce(sums.resource_credit, 0) AS resource_credit,
    sums.commitment.id AS credit_id,
    sums.commitment.name AS credit_name,
    sums.commitment.use AS credit_use,
    is_fee OR offset_skus.sku_id IS NOT NULL AS is_fee,
    coalesce(sums.has_offset, false)
    OR offset_skus.sku_id IS NOT NULL
    OR coalesce(sku_description ILIKE '%Committed Use Discount%', false) AS is_new_model,
    sku_description ILIKE '%dollar based%' AS is_spend_fee,
    bill_lines.sku_id,
    sku_description,
    label_texts.originating_sku,
    subscription_id,
    gcp_region(region, zone) AS region,
    amount(pricing_amount) AS pricing_amount,
    amount(conversion_rate) AS conversion_rate,
    amount(usage_amount) AS usage_amount,
    usage_unit
FROM bill_lines
LEFT JOIN sums ON bill_lines.line_number = sums.line_number
LEFT JOIN gcp_label_texts AS label_texts ON bill_lines.labels = label_texts.text
LEFT JOIN offset_skus ON bill_lines.sku_id = offset_skus.sku_id AND line_type = 'regular'
WHERE sums.line_number IS NOT NULL OR is_fee OR offset_skus.sku_id IS NOT NULL
