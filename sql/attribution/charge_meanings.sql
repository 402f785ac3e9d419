-- Every charge with what it means: the rule of its kind of line, and the model its price keys name.
-- The resource it is about is the allocated one where a provider has split the charge.
-- grain:  source, x_ChargeId (the charge's own columns and its meaning)
-- params: none (a view)
SELECT
    c.*,
    coalesce(nullif(c.AllocatedResourceId, ''), c.ResourceId) AS resource_id,
    m.rule_id,
    m.bucket AS rule_bucket,
    m.is_following,
    m.is_ai,
    m.component AS rule_component,
    m.element,
    m.split,
    m.counts,
    m.milli_gpus,
    m.model AS text_model,
    m.model_version AS text_version,
    m.service_model,
    k.model AS key_model,
    k.model_version AS key_version,
    k.is_known AS is_key_known
FROM charges AS c
INNER JOIN signature_meanings AS m
    ON m.provider = coalesce(c.ServiceProviderName, '')
    AND m.service = coalesce(c.x_ServiceCode, c.ServiceName, '')
    AND m.usage_type = coalesce(c.x_UsageType, c.SkuMeter, '')
    AND m.operation = coalesce(c.x_Operation, '')
    AND m.line_item = coalesce(c.x_LineItemType, '')
    AND m.category = coalesce(c.ChargeCategory, '')
    AND m.instance_type = coalesce(c.x_InstanceType, '')
    AND m.product_family = coalesce(c.x_ProductFamily, '')
    AND m.service_name = coalesce(c.ServiceName, '')
    AND m.service_category = coalesce(c.ServiceCategory, '')
    AND m.commitment_status = coalesce(c.CommitmentDiscountStatus, '')
    AND m.commitment_type = CASE
        WHEN c.CommitmentDiscountId <> ''
            THEN coalesce(c.CommitmentDiscountType, c.CommitmentDiscountCategory, 'Commitment')
        ELSE ''
    END
LEFT JOIN key_names AS k ON k.price_details = c.SkuPriceDetails
