-- The charges of one bill under FOCUS 1.3 names: one row for each line that is no split row, and
-- one for the unused part of a commitment's fee.
-- grain:  line_number, line_part
-- params: $source text, $month text, $use_net boolean
WITH typed AS (
    SELECT
        *,
        coalesce(line_item_type, 'Usage') AS line_type,
        coalesce(
            instant(usage_start),
            instant(split_part(time_interval, '/', 1)),
            instant(billing_period_start)
        ) AS period_start,
        coalesce(
            instant(usage_end),
            instant(split_part(time_interval, '/', 2)),
            instant(usage_start),
            instant(billing_period_end),
            instant(billing_period_start)
        ) AS period_end,
        amount(unblended_cost) AS unblended,
        CASE
            WHEN $use_net THEN coalesce(amount(net_unblended_cost), amount(unblended_cost))
            ELSE amount(unblended_cost)
        END AS as_billed,
        line_item_type LIKE '%Discount' AS is_discount,
        line_item_type = 'Refund'
        AND product_code LIKE '%SavingsPlans'
        AND description ILIKE '%one-time fee%' AS is_plan_refund,
        line_item_type = 'Fee' AND reservation_arn IS NOT NULL AS is_reservation_fee
    FROM bill_lines
),

costed AS (
    SELECT
        *,
        CASE
            WHEN line_type IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation') THEN 0
            ELSE as_billed
        END AS billed,
        CASE
            WHEN line_type = 'SavingsPlanCoveredUsage'
                THEN CASE
                    WHEN $use_net THEN coalesce(amount(net_plan_cost), amount(plan_cost))
                    ELSE amount(plan_cost)
                END
            WHEN
                line_type IN (
                    'SavingsPlanNegation', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'RIFee'
                )
                THEN 0
            WHEN line_type = 'DiscountedUsage'
                THEN CASE
                    WHEN $use_net
                        THEN coalesce(amount(net_reservation_cost), amount(reservation_cost))
                    ELSE amount(reservation_cost)
                END
            WHEN is_reservation_fee OR is_plan_refund THEN 0
            ELSE as_billed
        END AS effective,
        CASE
            WHEN
                line_type IN (
                    'SavingsPlanNegation',
                    'SavingsPlanRecurringFee',
                    'SavingsPlanUpfrontFee',
                    'RIFee'
                )
                OR is_reservation_fee
                OR is_discount
                THEN 0
            WHEN
                line_type IN ('Tax', 'Credit', 'Refund', 'Fee')
                OR product_code ILIKE 'AWS%Support%'
                OR product_code ILIKE 'OCB%Support%'
                THEN as_billed
            ELSE coalesce(amount(public_cost), unblended)
        END AS listed
    FROM typed
),

-- Everything is worked out before the join: after it each line's text stands alone, and what was
-- worked out once for each distinct text would be worked out for each line.
focus AS (
    SELECT
        $month AS billing_month,
        strftime(period_start, '%Y-%m') AS charge_month,
        $source AS source,
        'AWS' AS "ServiceProviderName",
        'AWS' AS "HostProviderName",
        issuer AS "InvoiceIssuerName",
        invoice_id AS "InvoiceId",
        payer_account_id AS "BillingAccountId",
        payer_account_name AS "BillingAccountName",
        usage_account_id AS "SubAccountId",
        usage_account_name AS "SubAccountName",
        currency_code AS "BillingCurrency",
        instant(billing_period_start) AS "BillingPeriodStart",
        coalesce(
            instant(billing_period_end), instant(billing_period_start) + INTERVAL 1 MONTH
        ) AS "BillingPeriodEnd",
        period_start AS "ChargePeriodStart",
        greatest(period_start, period_end) AS "ChargePeriodEnd",
        CASE
            WHEN line_type IN ('Tax', 'Credit') THEN line_type
            WHEN
                line_type IN ('Fee', 'RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee')
                OR is_plan_refund
                THEN 'Purchase'
            WHEN is_discount THEN 'Adjustment'
            ELSE 'Usage'
        END AS "ChargeCategory",
        CASE WHEN line_type = 'Refund' THEN 'Correction' END AS "ChargeClass",
        CASE
            WHEN line_type IN ('RIFee', 'SavingsPlanRecurringFee', 'FlatRateSubscription')
                THEN 'Recurring'
            WHEN line_type IN ('Fee', 'SavingsPlanUpfrontFee', 'Tax', 'Credit', 'Refund') OR is_discount
                THEN 'One-Time'
            ELSE 'Usage-Based'
        END AS "ChargeFrequency",
        description AS "ChargeDescription",
        coalesce(product_name, product_code, billing_entity, 'AWS') AS "ServiceName",
        resource_id AS "ResourceId",
        coalesce(region_code, region) AS "RegionId",
        availability_zone AS "AvailabilityZone",
        sku AS "SkuId",
        rate_id AS "SkuPriceId",
        CASE
            WHEN line_type IN ('SavingsPlanCoveredUsage', 'DiscountedUsage') THEN 'Committed'
            WHEN pricing_term = 'Spot' OR usage_type LIKE '%SpotUsage%' THEN 'Dynamic'
            WHEN line_type = 'Usage' THEN 'Standard'
        END AS "PricingCategory",
        amount(public_rate) AS "ListUnitPrice",
        CASE
            WHEN plan_arn IS NOT NULL OR line_type LIKE 'SavingsPlan%' THEN 'Spend'
            WHEN reservation_arn IS NOT NULL OR line_type IN ('DiscountedUsage', 'RIFee')
                THEN 'Usage'
        END AS "CommitmentDiscountCategory",
        capacity_reservation_arn AS "CapacityReservationId",
        CASE
            WHEN capacity_reservation_arn IS NULL THEN NULL
            WHEN usage_type LIKE '%Unused%' OR capacity_reservation_status ILIKE 'unused' THEN 'Unused'
            ELSE 'Used'
        END AS "CapacityReservationStatus",
        coalesce(plan_arn, reservation_arn) AS "CommitmentDiscountId",
        CASE
            WHEN plan_arn IS NOT NULL OR line_type LIKE 'SavingsPlan%' THEN 'Savings Plan'
            WHEN reservation_arn IS NOT NULL OR line_type IN ('DiscountedUsage', 'RIFee')
                THEN 'Reserved Instance'
        END AS "CommitmentDiscountType",
        CASE
            WHEN line_type IN ('SavingsPlanCoveredUsage', 'DiscountedUsage') THEN 'Used'
        END AS "CommitmentDiscountStatus",
        CASE
            WHEN
                line_type IN (
                    'Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage', 'FlatRateSubscription'
                )
                THEN amount(usage_amount)
        END AS "ConsumedQuantity",
        CASE
            WHEN
                line_type IN (
                    'Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage', 'FlatRateSubscription'
                )
                AND amount(usage_amount) IS NOT NULL
                THEN pricing_unit
        END AS "ConsumedUnit",
        billed AS "BilledCost",
        effective AS "EffectiveCost",
        CASE WHEN is_discount THEN unblended ELSE listed END AS "ContractedCost",
        listed AS "ListCost",
        tags AS "Tags",
        line_type AS "x_LineItemType",
        product_code AS "x_ServiceCode",
        usage_type AS "x_UsageType",
        operation AS "x_Operation",
        instance_type AS "x_InstanceType",
        product_family AS "x_ProductFamily",
        coalesce(principal_id, user_identifier) AS "x_PrincipalId",
        file AS "x_SourceFile",
        line AS "x_SourceLine",
        line_key,
        line_number,
        coalesce(tag_map, '') AS all_tags,
        coalesce(resource_tag_map, '') AS resource_tags,
        coalesce(cost_category_map, '') AS categories
    FROM costed
)

-- A join, not a union: of a union's rows each text would be written for itself.
SELECT
    focus.* EXCLUDE (all_tags, resource_tags, categories) REPLACE (
        CASE
            WHEN tag_texts.tags IS NULL THEN focus."Tags"
            WHEN focus."Tags" = '{}' THEN tag_texts.tags
            ELSE json_merge_patch(tag_texts.tags, focus."Tags")::VARCHAR
        END AS "Tags",
        CASE WHEN unused_parts.line_part = 'unused' THEN 'Usage' ELSE focus."ChargeCategory" END
            AS "ChargeCategory",
        CASE
            WHEN unused_parts.line_part = 'unused' THEN 'Usage-Based'
            ELSE focus."ChargeFrequency"
        END AS "ChargeFrequency",
        CASE WHEN unused_parts.line_part = 'unused' THEN 'Committed' ELSE focus."PricingCategory" END
            AS "PricingCategory",
        CASE
            WHEN unused_parts.line_part = 'unused' THEN 'Unused'
            ELSE focus."CommitmentDiscountStatus"
        END AS "CommitmentDiscountStatus",
        CASE
            WHEN unused_parts.line_part = 'unused' THEN 0
            ELSE coalesce(plan_rests.billed, focus."BilledCost")
        END AS "BilledCost",
        -- The fee is 0 on these bases: what covers usage is counted there.
        CASE
            WHEN unused_parts.line_part = 'unused' THEN unused_parts.unused
            ELSE focus."EffectiveCost"
        END AS "EffectiveCost"
    ),
    coalesce(unused_parts.line_part, '') AS line_part
FROM focus
LEFT JOIN plan_rests ON focus.line_number = plan_rests.line_number
LEFT JOIN unused_parts ON focus.line_number = unused_parts.line_number
LEFT JOIN tag_texts
    ON
        focus.all_tags = tag_texts.all_tags
        AND focus.resource_tags = tag_texts.resource_tags
        AND focus.categories = tag_texts.categories
