-- The charges of one FOCUS dataset, of any version from 1.0 on, under FOCUS 1.3 names.
-- A cost that is not given is the billed one; what is not given otherwise stays empty.
-- grain:  line_number
-- params: $source text, $month text
WITH typed AS (
    SELECT
        *,
        coalesce(instant(charge_period_start), instant(billing_period_start)) AS period_start,
        coalesce(
            instant(charge_period_end),
            instant(billing_period_end),
            instant(charge_period_start),
            instant(billing_period_start)
        ) AS period_end,
        focus_object(sku_price_details) AS price_details,
        amount(billed_cost) AS billed
    FROM bill_lines
)

SELECT
    line_number,
    line_key,
    '' AS line_part,
    $month AS billing_month,
    strftime(period_start, '%Y-%m') AS charge_month,
    $source AS source,
    provider AS "ServiceProviderName",
    host_provider_name AS "HostProviderName",
    issuer AS "InvoiceIssuerName",
    invoice_id AS "InvoiceId",
    billing_account_id AS "BillingAccountId",
    billing_account_name AS "BillingAccountName",
    sub_account_id AS "SubAccountId",
    sub_account_name AS "SubAccountName",
    billing_currency AS "BillingCurrency",
    instant(billing_period_start) AS "BillingPeriodStart",
    coalesce(
        instant(billing_period_end), instant(billing_period_start) + INTERVAL 1 MONTH
    ) AS "BillingPeriodEnd",
    period_start AS "ChargePeriodStart",
    greatest(period_start, period_end) AS "ChargePeriodEnd",
    focus_word(charge_category) AS "ChargeCategory",
    CASE WHEN lower(charge_class) = 'correction' THEN 'Correction' ELSE charge_class END
        AS "ChargeClass",
    CASE lower(charge_frequency)
        WHEN 'one-time' THEN 'One-Time'
        WHEN 'recurring' THEN 'Recurring'
        WHEN 'usage-based' THEN 'Usage-Based'
        ELSE charge_frequency
    END AS "ChargeFrequency",
    charge_description AS "ChargeDescription",
    service_category AS "ServiceCategory",
    service_subcategory AS "ServiceSubcategory",
    coalesce(service_name, service_category, provider) AS "ServiceName",
    resource_id AS "ResourceId",
    resource_name AS "ResourceName",
    resource_type AS "ResourceType",
    region_id AS "RegionId",
    region_name AS "RegionName",
    availability_zone AS "AvailabilityZone",
    sku_id AS "SkuId",
    sku_meter AS "SkuMeter",
    sku_price_id AS "SkuPriceId",
    price_details AS "SkuPriceDetails",
    pricing_category AS "PricingCategory",
    pricing_currency AS "PricingCurrency",
    amount(pricing_quantity) AS "PricingQuantity",
    pricing_unit AS "PricingUnit",
    amount(list_unit_price) AS "ListUnitPrice",
    amount(contracted_unit_price) AS "ContractedUnitPrice",
    commitment_discount_category AS "CommitmentDiscountCategory",
    commitment_discount_id AS "CommitmentDiscountId",
    commitment_discount_name AS "CommitmentDiscountName",
    commitment_discount_type AS "CommitmentDiscountType",
    CASE lower(commitment_discount_status)
        WHEN 'used' THEN 'Used'
        WHEN 'unused' THEN 'Unused'
    END AS "CommitmentDiscountStatus",
    amount(commitment_discount_quantity) AS "CommitmentDiscountQuantity",
    commitment_discount_unit AS "CommitmentDiscountUnit",
    capacity_reservation_id AS "CapacityReservationId",
    capacity_reservation_status AS "CapacityReservationStatus",
    amount(consumed_quantity) AS "ConsumedQuantity",
    CASE WHEN amount(consumed_quantity) IS NOT NULL THEN consumed_unit END AS "ConsumedUnit",
    billed AS "BilledCost",
    coalesce(amount(effective_cost), billed) AS "EffectiveCost",
    coalesce(amount(contracted_cost), billed) AS "ContractedCost",
    coalesce(amount(list_cost), billed) AS "ListCost",
    focus_tag_object(focus_tags) AS "Tags",
    allocated_method_id AS "AllocatedMethodId",
    allocated_method_details AS "AllocatedMethodDetails",
    allocated_resource_id AS "AllocatedResourceId",
    allocated_resource_name AS "AllocatedResourceName",
    allocated_tags AS "AllocatedTags",
    service_code AS "x_ServiceCode",
    usage_type AS "x_UsageType",
    operation AS "x_Operation",
    coalesce(
        json_extract_string(price_details, '$.InstanceType'),
        json_extract_string(focus_object(sku_details), '$.ServiceType')
    ) AS "x_InstanceType",
    product_family AS "x_ProductFamily",
    coalesce(principal_id, consumer_id) AS "x_PrincipalId",
    credential_id AS "x_CredentialId",
    file AS "x_SourceFile",
    line AS "x_SourceLine"
FROM typed
