-- Charges with what FOCUS demands of every row filled in from the row itself; `x_DerivedColumns` says what was.
-- FOCUS: a Tax has no SKU and no price; Usage and Purchase have a SKU, a SKU price (it may equal the SKU), a
-- pricing category, a quantity and unit prices (cost over quantity: FOCUS ties them so), unless they are
-- corrections; without a SKU price there is no price and no quantity; only used Usage is consumed; keys of
-- SkuPriceDetails that FOCUS does not define begin with x_.
-- Negations that their covered usage cancelled to zero are no charges in FOCUS and are left out.
-- grain:  charge (source, x_ChargeId)
-- params: none (view `origin_charges`, table `services`, macros of pipelines.focus_out.dataset, variable `month`)
WITH placed AS (
    SELECT
        *,
        CASE
            WHEN regexp_matches(lower("ServiceProviderName"), '^(aws|amazon)') THEN 'aws'
            WHEN regexp_matches(lower("ServiceProviderName"), '^(microsoft|azure)') THEN 'microsoft'
            WHEN regexp_matches(lower("ServiceProviderName"), '^(google|gcp)') THEN 'google'
            WHEN "ServiceProviderName" ILIKE 'alibaba%' THEN 'alibaba'
            WHEN regexp_matches(lower("ServiceProviderName"), '^(oracle|oci)') THEN 'oracle'
            ELSE lower("ServiceProviderName")
        END AS provider,
        "ChargeCategory" IN ('Usage', 'Purchase') AND "ChargeClass" IS DISTINCT FROM 'Correction' AS is_priced,
        "ChargeCategory" = 'Tax' AS is_tax,
        coalesce("PricingCurrency", "BillingCurrency") AS pricing_currency,
        "ChargeCategory" = 'Usage' AND "CommitmentDiscountStatus" IS DISTINCT FROM 'Unused' AS is_consumed
    FROM origin_charges
    WHERE NOT (
        "x_LineItemType" IS NOT DISTINCT FROM 'SavingsPlanNegation'
        AND "BilledCost" = 0 AND "EffectiveCost" = 0 AND "ContractedCost" = 0 AND "ListCost" = 0
    )
),
skus AS (
    SELECT
        *,
        CASE
            WHEN is_tax THEN NULL
            WHEN is_priced
                THEN coalesce("SkuId", "SkuPriceId", nullif(
                    concat_ws('/', "x_ServiceCode", "x_UsageType", "x_Operation"), ''
                ), "ServiceName")
            ELSE "SkuId"
        END AS sku_id
    FROM placed
),
priced AS (
    SELECT
        *,
        CASE WHEN is_priced THEN coalesce("SkuPriceId", sku_id) WHEN NOT is_tax THEN "SkuPriceId" END
            AS sku_price_id,
        CASE
            WHEN is_priced THEN coalesce("PricingQuantity", "ConsumedQuantity", 1)
            WHEN NOT is_tax AND "SkuPriceId" IS NOT NULL THEN coalesce("PricingQuantity", "ConsumedQuantity")
        END AS pricing_quantity,
        focus_unit(CASE
            WHEN "PricingQuantity" IS NOT NULL THEN "PricingUnit"
            WHEN "ConsumedQuantity" IS NOT NULL THEN "ConsumedUnit"
        END) AS pricing_unit,
        CASE
            WHEN is_priced
                THEN coalesce("PricingCategory", CASE
                    WHEN "ChargeCategory" = 'Usage' AND "CommitmentDiscountId" IS NOT NULL THEN 'Committed'
                    WHEN "x_UsageType" ILIKE '%spot%' THEN 'Dynamic'
                    ELSE 'Standard'
                END)
            WHEN NOT is_tax AND "SkuPriceId" IS NOT NULL THEN "PricingCategory"
        END AS pricing_category,
        coalesce("CommitmentDiscountCategory", CASE
            WHEN "CommitmentDiscountId" IS NULL THEN NULL
            WHEN "CommitmentDiscountType" ILIKE '%savings%' OR "CommitmentDiscountType" ILIKE '%spend%' THEN 'Spend'
            ELSE 'Usage'
        END) AS commitment_category
    FROM skus
),
measured AS (
    -- once a row: inside a CASE they would be made anew wherever they are named
    SELECT
        *,
        units_of(pricing_quantity) AS quantity_units,
        units_of("ListCost") AS list_units,
        units_of("ContractedCost") AS contracted_units
    FROM priced
),
committed AS (
    SELECT
        *,
        CASE
            WHEN NOT is_consumed OR sku_price_id IS NULL THEN NULL
            WHEN is_priced THEN coalesce("ConsumedQuantity", pricing_quantity)
            ELSE "ConsumedQuantity"
        END AS consumed_quantity,
        CASE
            WHEN sku_price_id IS NOT NULL
                THEN coalesce("ListUnitPrice", unit_price(list_units, quantity_units))
        END AS list_unit_price,
        CASE
            WHEN sku_price_id IS NOT NULL
                THEN coalesce("ContractedUnitPrice", unit_price(contracted_units, quantity_units))
        END AS contracted_unit_price,
        CASE
            WHEN sku_price_id IS NULL THEN NULL
            WHEN "CommitmentDiscountQuantity" IS NOT NULL THEN "CommitmentDiscountQuantity"
            WHEN "CommitmentDiscountId" IS NULL OR NOT is_priced THEN NULL
            WHEN commitment_category = 'Usage' THEN pricing_quantity
            WHEN "ChargeCategory" = 'Purchase' THEN "BilledCost"
            ELSE "EffectiveCost"
        END AS commitment_quantity,
        CASE
            WHEN "CommitmentDiscountQuantity" IS NOT NULL THEN "CommitmentDiscountUnit"
            WHEN commitment_category = 'Usage' THEN pricing_unit
            ELSE "BillingCurrency"
        END AS commitment_unit
    FROM measured
)
SELECT
    c.source,
    c."x_ChargeId",
    coalesce(c."BillingAccountId", c."SubAccountId", c.source) AS "BillingAccountId",
    coalesce(c."BillingAccountName", c."BillingAccountId", c."SubAccountId", c.source) AS "BillingAccountName",
    CASE c.provider
        WHEN 'aws' THEN 'Payer Account' WHEN 'microsoft' THEN 'Billing Profile' ELSE 'Billing Account'
    END AS "BillingAccountType",
    c."SubAccountId",
    CASE WHEN c."SubAccountId" IS NOT NULL THEN coalesce(c."SubAccountName", c."SubAccountId") END
        AS "SubAccountName",
    CASE
        WHEN c."SubAccountId" IS NOT NULL
            THEN CASE c.provider
                WHEN 'aws' THEN 'Linked Account'
                WHEN 'microsoft' THEN 'Subscription'
                WHEN 'google' THEN 'Project'
                ELSE 'Sub Account'
            END
    END AS "SubAccountType",
    coalesce(c."BillingPeriodStart", strptime(getvariable('month'), '%Y-%m')) AS "BillingPeriodStart",
    coalesce(
        c."BillingPeriodEnd", strptime(getvariable('month'), '%Y-%m') + INTERVAL 1 MONTH
    ) AS "BillingPeriodEnd",
    c."ChargePeriodStart",
    c."ChargePeriodEnd",
    c."InvoiceIssuerName",
    c."InvoiceId",
    c."ServiceProviderName",
    coalesce(c."HostProviderName", c."ServiceProviderName") AS "HostProviderName",
    c."ChargeCategory",
    c."ChargeClass",
    c."ChargeDescription",
    coalesce(c."ChargeFrequency", CASE
        WHEN c."ChargeCategory" = 'Usage' THEN 'Usage-Based' ELSE 'One-Time'
    END) AS "ChargeFrequency",
    c."BillingCurrency",
    coalesce(c."ServiceCategory", n.category, k.category, 'Other') AS "ServiceCategory",
    coalesce(
        c."ServiceSubcategory",
        CASE
            WHEN c."ServiceCategory" IS NULL OR n.category = c."ServiceCategory" THEN n.subcategory
        END,
        CASE
            WHEN c."ServiceCategory" IS NULL OR k.category = c."ServiceCategory" THEN k.subcategory
        END,
        'Other (' || coalesce(c."ServiceCategory", 'Other') || ')'
    ) AS "ServiceSubcategory",
    c."ServiceName",
    c."ResourceId",
    coalesce(c."ResourceName", c."ResourceId") AS "ResourceName",
    CASE
        WHEN c."ResourceId" IS NOT NULL THEN coalesce(c."ResourceType", c."x_ProductFamily", c."ServiceName")
    END AS "ResourceType",
    c."RegionId",
    CASE WHEN c."RegionId" IS NOT NULL THEN coalesce(c."RegionName", c."RegionId") END AS "RegionName",
    c."AvailabilityZone",
    c.sku_id AS "SkuId",
    CASE WHEN c.sku_id IS NOT NULL THEN coalesce(c."SkuMeter", c."x_UsageType") END AS "SkuMeter",
    c.sku_price_id AS "SkuPriceId",
    CASE
        WHEN c.sku_price_id IS NOT NULL
            THEN nullif(CASE
                WHEN c."x_InstanceType" IS NULL THEN focus_details(c."SkuPriceDetails")
                ELSE json_merge_patch(
                    json_object('InstanceType', c."x_InstanceType"),
                    coalesce(focus_details(c."SkuPriceDetails"), '{}')::JSON
                )::VARCHAR
            END, '{}')
    END AS "SkuPriceDetails",
    c.pricing_category AS "PricingCategory",
    c.pricing_currency AS "PricingCurrency",
    c.pricing_quantity AS "PricingQuantity",
    CASE WHEN c.pricing_quantity IS NOT NULL THEN coalesce(c.pricing_unit, 'Units') END AS "PricingUnit",
    c.list_unit_price AS "ListUnitPrice",
    c.contracted_unit_price AS "ContractedUnitPrice",
    CASE WHEN c.pricing_currency = c."BillingCurrency" THEN c.list_unit_price END
        AS "PricingCurrencyListUnitPrice",
    CASE WHEN c.pricing_currency = c."BillingCurrency" THEN c.contracted_unit_price END
        AS "PricingCurrencyContractedUnitPrice",
    c."ConsumedQuantity" AS ledger_quantity,
    c.consumed_quantity AS "ConsumedQuantity",
    CASE
        WHEN c.consumed_quantity IS NOT NULL
            THEN coalesce(
                CASE WHEN c."ConsumedQuantity" IS NOT NULL THEN focus_unit(c."ConsumedUnit") END,
                c.pricing_unit,
                'Units'
            )
    END AS "ConsumedUnit",
    c.commitment_category AS "CommitmentDiscountCategory",
    c."CommitmentDiscountId",
    coalesce(c."CommitmentDiscountName", c."CommitmentDiscountId") AS "CommitmentDiscountName",
    coalesce(c."CommitmentDiscountType", CASE
        WHEN c."CommitmentDiscountId" IS NOT NULL THEN c.commitment_category
    END) AS "CommitmentDiscountType",
    coalesce(c."CommitmentDiscountStatus", CASE
        WHEN c."ChargeCategory" = 'Usage' AND c."CommitmentDiscountId" IS NOT NULL THEN 'Used'
    END) AS "CommitmentDiscountStatus",
    c.commitment_quantity AS "CommitmentDiscountQuantity",
    CASE
        WHEN c.commitment_quantity IS NOT NULL THEN coalesce(focus_unit(c.commitment_unit), 'Units')
    END AS "CommitmentDiscountUnit",
    c."CapacityReservationId",
    c."CapacityReservationStatus",
    nullif(json_object_text(c."Tags"), '{}') AS "Tags",
    NULL::VARCHAR AS "ContractApplied",
    NULL::VARCHAR AS "CommitmentProgramEligibilityDetails",
    NULL::VARCHAR AS "InvoiceDetailId",
    c."AllocatedMethodId",
    json_object_text(c."AllocatedMethodDetails") AS "AllocatedMethodDetails",
    c."AllocatedResourceId",
    c."AllocatedResourceName",
    json_object_text(c."AllocatedTags") AS "AllocatedTags",
    nullif(concat_ws(
        ',',
        CASE WHEN c."BillingAccountId" IS NULL THEN 'BillingAccountId' END,
        CASE WHEN c."BillingAccountName" IS NULL THEN 'BillingAccountName' END,
        CASE WHEN c."SubAccountName" IS NULL AND c."SubAccountId" IS NOT NULL THEN 'SubAccountName' END,
        CASE WHEN c."ChargeFrequency" IS NULL THEN 'ChargeFrequency' END,
        CASE WHEN c."ServiceCategory" IS NULL THEN 'ServiceCategory' END,
        CASE WHEN c."ServiceSubcategory" IS NULL THEN 'ServiceSubcategory' END,
        CASE WHEN c."SkuId" IS NULL AND c.sku_id IS NOT NULL THEN 'SkuId' END,
        CASE WHEN c."SkuPriceId" IS NULL AND c.sku_price_id IS NOT NULL THEN 'SkuPriceId' END,
        CASE WHEN c."PricingCategory" IS NULL AND c.pricing_category IS NOT NULL THEN 'PricingCategory' END,
        CASE WHEN c."PricingQuantity" IS NULL AND c.pricing_quantity IS NOT NULL THEN 'PricingQuantity' END,
        CASE WHEN c."ListUnitPrice" IS NULL AND c.list_unit_price IS NOT NULL THEN 'ListUnitPrice' END,
        CASE
            WHEN c."ContractedUnitPrice" IS NULL AND c.contracted_unit_price IS NOT NULL THEN 'ContractedUnitPrice'
        END,
        CASE WHEN c."ConsumedQuantity" IS NULL AND c.consumed_quantity IS NOT NULL THEN 'ConsumedQuantity' END,
        CASE
            WHEN c."CommitmentDiscountQuantity" IS NULL AND c.commitment_quantity IS NOT NULL
                THEN 'CommitmentDiscountQuantity'
        END
    ), '') AS "x_DerivedColumns",
    c."x_LineItemType",
    c."x_ServiceCode",
    c."x_UsageType",
    c."x_Operation",
    c."x_InstanceType",
    c."x_ProductFamily",
    c."x_PrincipalId",
    c."x_CredentialId",
    c."x_SourceFile",
    c."x_SourceLine"
FROM committed AS c
LEFT JOIN services AS n ON n.provider = c.provider AND n.service = lower(c."ServiceName")
LEFT JOIN services AS k ON k.provider = c.provider AND k.service = lower(c."x_ServiceCode")
