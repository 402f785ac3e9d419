-- The charges of OpenAI's costs pages under FOCUS 1.3 names: one for each result.
-- grain:  line_number
-- params: $source text, $month text
SELECT
    line_number,
    line_key,
    '' AS line_part,
    $month AS billing_month,
    line_month AS charge_month,
    $source AS source,
    'OpenAI' AS "ServiceProviderName",
    'OpenAI' AS "HostProviderName",
    'OpenAI' AS "InvoiceIssuerName",
    organization_id AS "BillingAccountId",
    organization_name AS "BillingAccountName",
    project_id AS "SubAccountId",
    project_name AS "SubAccountName",
    upper(amount_currency) AS "BillingCurrency",
    ($month || '-01')::TIMESTAMP AS "BillingPeriodStart",
    ($month || '-01')::TIMESTAMP + INTERVAL 1 MONTH AS "BillingPeriodEnd",
    instant(start_time) AS "ChargePeriodStart",
    CASE
        WHEN instant(end_time) > instant(start_time) THEN instant(end_time)
        ELSE instant(start_time) + INTERVAL 1 DAY
    END AS "ChargePeriodEnd",
    'Usage' AS "ChargeCategory",
    'Usage-Based' AS "ChargeFrequency",
    line_item AS "ChargeDescription",
    'AI and Machine Learning' AS "ServiceCategory",
    'Generative AI' AS "ServiceSubcategory",
    'OpenAI API' AS "ServiceName",
    line_item AS "SkuId",
    nullif(regexp_extract(line_item, '^[^,]+, (.+)$', 1), '') AS "SkuMeter",
    CASE WHEN quantity_unit IS NOT NULL THEN amount(quantity) END AS "PricingQuantity",
    CASE WHEN amount(quantity) IS NOT NULL THEN quantity_unit END AS "PricingUnit",
    CASE WHEN quantity_unit IS NOT NULL THEN amount(quantity) END AS "ConsumedQuantity",
    CASE WHEN amount(quantity) IS NOT NULL THEN quantity_unit END AS "ConsumedUnit",
    amount(amount_value) AS "BilledCost",
    amount(amount_value) AS "EffectiveCost",
    amount(amount_value) AS "ContractedCost",
    amount(amount_value) AS "ListCost",
    '{}' AS "Tags",
    'organization.costs' AS "x_ServiceCode",
    line_item AS "x_UsageType",
    api_key_id AS "x_CredentialId",
    file AS "x_SourceFile",
    line AS "x_SourceLine"
FROM bill_lines
