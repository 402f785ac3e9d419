-- The charges of Alibaba Cloud's bill under FOCUS 1.3 names: one for each line.
-- grain:  line_number
-- params: $source text, $month text
WITH tag_texts AS (
    SELECT tag_text, alibaba_tags(tag_text) AS tags
    FROM (SELECT DISTINCT tag_text FROM bill_lines WHERE tag_text IS NOT NULL)
),

costed AS (
    SELECT
        *,
        -- A cycle begins at midnight in Beijing.
        ($month || '-01')::TIMESTAMP - INTERVAL 8 HOUR AS cycle_start,
        ($month || '-01')::TIMESTAMP + INTERVAL 1 MONTH - INTERVAL 8 HOUR AS cycle_end,
        amount(pretax_amount) AS billed,
        coalesce(amount(gross_amount), amount(pretax_amount)) AS listed,
        CASE
            WHEN gross_amount IS NULL OR invoice_discount IS NULL THEN amount(pretax_amount)
            ELSE amount(gross_amount) - amount(invoice_discount)
        END AS contracted,
        coalesce(item_kind, '') = 'SubscriptionOrder'
        OR (coalesce(item_kind, '') = 'Refund' AND is_subscription) AS is_purchase
    FROM bill_lines
)

SELECT
    costed.line_number,
    costed.line_key,
    '' AS line_part,
    $month AS billing_month,
    -- The provider's calendar: a summary of September begins on 31 August in UTC.
    strftime(
        coalesce(costed.period_start, costed.cycle_start) + INTERVAL 8 HOUR, '%Y-%m'
    ) AS charge_month,
    $source AS source,
    'Alibaba Cloud' AS "ServiceProviderName",
    'Alibaba Cloud' AS "HostProviderName",
    'Alibaba Cloud' AS "InvoiceIssuerName",
    CASE
        WHEN NOT costed.lacks_invoice THEN concat_ws('-', costed.account_id, costed.cycle)
    END AS "InvoiceId",
    costed.account_id AS "BillingAccountId",
    costed.account_name AS "BillingAccountName",
    coalesce(costed.owner_id, costed.owner_name) AS "SubAccountId",
    costed.owner_name AS "SubAccountName",
    costed.currency AS "BillingCurrency",
    costed.cycle_start AS "BillingPeriodStart",
    costed.cycle_end AS "BillingPeriodEnd",
    coalesce(costed.period_start, costed.cycle_start) AS "ChargePeriodStart",
    greatest(
        coalesce(costed.period_start, costed.cycle_start),
        coalesce(costed.period_end, costed.cycle_end)
    ) AS "ChargePeriodEnd",
    CASE
        WHEN costed.is_purchase THEN 'Purchase'
        WHEN costed.item_kind = 'Adjustment' THEN 'Adjustment'
        ELSE 'Usage'
    END AS "ChargeCategory",
    CASE WHEN costed.item_kind = 'Refund' THEN 'Correction' END AS "ChargeClass",
    CASE
        WHEN costed.is_purchase OR costed.item_kind IN ('Refund', 'Adjustment') THEN 'One-Time'
        ELSE 'Usage-Based'
    END AS "ChargeFrequency",
    concat_ws(
        ': ', coalesce(costed.product_detail, costed.product_name), costed.billing_item
    ) AS "ChargeDescription",
    coalesce(costed.product_name, costed.product_detail, costed.product_code, 'Alibaba Cloud')
        AS "ServiceName",
    costed.instance_id AS "ResourceId",
    costed.instance_name AS "ResourceName",
    costed.region AS "RegionId",
    costed.region AS "RegionName",
    costed.zone AS "AvailabilityZone",
    coalesce(costed.commodity_code, costed.product_type) AS "SkuId",
    costed.billing_item AS "SkuMeter",
    CASE WHEN NOT costed.is_purchase THEN amount(costed.usage) END AS "PricingQuantity",
    CASE
        WHEN NOT costed.is_purchase AND amount(costed.usage) IS NOT NULL THEN costed.usage_unit
    END AS "PricingUnit",
    amount(costed.list_price) AS "ListUnitPrice",
    CASE
        WHEN NOT costed.is_purchase AND costed.item_kind IS DISTINCT FROM 'Adjustment' THEN amount(costed.usage)
    END AS "ConsumedQuantity",
    CASE
        WHEN
            NOT costed.is_purchase
            AND costed.item_kind IS DISTINCT FROM 'Adjustment'
            AND amount(costed.usage) IS NOT NULL
            THEN costed.usage_unit
    END AS "ConsumedUnit",
    costed.billed AS "BilledCost",
    costed.billed AS "EffectiveCost",
    costed.contracted AS "ContractedCost",
    costed.listed AS "ListCost",
    coalesce(tag_texts.tags, '{}') AS "Tags",
    coalesce(costed.item_kind, 'PayAsYouGoBill') AS "x_LineItemType",
    costed.product_code AS "x_ServiceCode",
    coalesce(costed.billing_item_code, costed.billing_item, costed.product_detail) AS "x_UsageType",
    costed.subscription_type AS "x_Operation",
    costed.instance_spec AS "x_InstanceType",
    costed.product_type AS "x_ProductFamily",
    costed.file AS "x_SourceFile",
    costed.line AS "x_SourceLine"
FROM costed
LEFT JOIN tag_texts ON costed.tag_text = tag_texts.tag_text
