-- The charges of Google's bill under FOCUS 1.3 names: one for each line, and the further ones that
-- `gcp_parts` makes of a line: the unused part of a commitment's fee, and credits that are payments.
-- grain:  line_number, line_part
-- params: $source text, $month text (tables `gcp_parts`, `gcp_label_texts`)
-- Texts are worked out before the join with the parts: after it each stands alone, and what was
-- worked out once for each distinct text would be worked out for each line.
WITH typed AS (
    SELECT
        *,
        timezone('UTC', timezone('America/Los_Angeles', ($month || '-01')::TIMESTAMP))
            AS invoice_start,
        timezone(
            'UTC',
            timezone('America/Los_Angeles', ($month || '-01')::TIMESTAMP + INTERVAL 1 MONTH)
        ) AS invoice_end,
        coalesce(instant(usage_start), ($month || '-01')::TIMESTAMP) AS period_start,
        coalesce(instant(usage_end), period_start) AS period_end,
        amount(cost) AS as_charged,
        line_type IN ('tax', 'adjustment', 'rounding_error') AS is_no_usage,
        -- Usage a commitment of the new model covers: it is charged at a price of its own.
        NOT is_fee
        AND (
            coalesce(model_description <> 'Default', false)
            OR (
                model_description IS NULL
                AND model_id IS NOT NULL
                AND subscription_id IS NOT NULL
            )
        ) AS is_modelled
    FROM bill_lines
),

focus AS (
    SELECT
        line_number,
        line_key,
        $month AS billing_month,
        strftime(period_start, '%Y-%m') AS charge_month,
        $source AS source,
        coalesce(seller_name, 'Google Cloud') AS "ServiceProviderName",
        'Google Cloud' AS "HostProviderName",
        'Google Cloud' AS "InvoiceIssuerName",
        billing_account_id AS "BillingAccountId",
        project_id AS "SubAccountId",
        project_name AS "SubAccountName",
        currency AS "BillingCurrency",
        invoice_start AS "BillingPeriodStart",
        invoice_end AS "BillingPeriodEnd",
        period_start AS "ChargePeriodStart",
        greatest(period_start, period_end) AS "ChargePeriodEnd",
        CASE
            WHEN line_type = 'tax' THEN 'Tax'
            WHEN is_no_usage THEN 'Adjustment'
            ELSE 'Usage'
        END AS "ChargeCategory",
        CASE
            WHEN
                period_start < invoice_start
                AND (
                    adjustment_type LIKE '%CORRECTION'
                    OR (
                        adjustment_type IS NULL
                        AND coalesce(adjustment_id, adjustment_mode) IS NOT NULL
                    )
                )
                THEN 'Correction'
        END AS "ChargeClass",
        CASE WHEN is_no_usage THEN 'One-Time' ELSE 'Usage-Based' END AS "ChargeFrequency",
        sku_description AS "ChargeDescription",
        coalesce(service_description, service_id, 'Google Cloud') AS "ServiceName",
        coalesce(resource_global_name, resource_name) AS "ResourceId",
        resource_name AS "ResourceName",
        gcp_region(region, zone) AS "RegionId",
        zone AS "AvailabilityZone",
        sku_id AS "SkuId",
        CASE
            WHEN is_no_usage THEN NULL
            WHEN is_modelled THEN 'Committed'
            WHEN sku_description ILIKE 'Spot Preemptible %' OR sku_description ILIKE 'Preemptible %'
                THEN 'Dynamic'
            ELSE 'Standard'
        END AS "PricingCategory",
        CASE WHEN NOT is_no_usage THEN amount(pricing_amount) END AS "PricingQuantity",
        CASE WHEN NOT is_no_usage AND amount(pricing_amount) IS NOT NULL THEN pricing_unit END
            AS "PricingUnit",
        CASE WHEN is_modelled THEN 'Spend' END AS "CommitmentDiscountCategory",
        CASE WHEN is_modelled THEN coalesce(subscription_id, model_id, model_description) END
            AS "CommitmentDiscountId",
        CASE WHEN is_modelled THEN coalesce(model_description, model_id) END
            AS "CommitmentDiscountName",
        CASE
            WHEN is_modelled THEN coalesce(amount(default_cost), as_charged)
            ELSE as_charged
        END AS "ContractedCost",
        coalesce(amount(cost_at_list), as_charged) AS "ListCost",
        line_type AS "x_LineItemType",
        service_id AS "x_ServiceCode",
        sku_description AS "x_UsageType",
        file AS "x_SourceFile",
        line AS "x_SourceLine",
        as_charged,
        labels,
        system_labels,
        resource_tags,
        project_labels
    FROM typed
)

SELECT
    focus.* EXCLUDE (as_charged, labels, system_labels, resource_tags, project_labels) REPLACE (
        CASE role
            WHEN 'fee' THEN 'Purchase'
            WHEN 'unused' THEN 'Usage'
            WHEN 'credit' THEN 'Credit'
            ELSE focus."ChargeCategory"
        END AS "ChargeCategory",
        CASE role
            WHEN 'fee' THEN 'Recurring'
            WHEN 'credit' THEN 'One-Time'
            ELSE focus."ChargeFrequency"
        END AS "ChargeFrequency",
        CASE WHEN role = 'credit' THEN coalesce(credit_name, credit_type) ELSE focus."ChargeDescription" END
            AS "ChargeDescription",
        CASE
            WHEN role IN ('fee', 'credit') THEN NULL
            WHEN role IN ('covered', 'unused') THEN 'Committed'
            ELSE focus."PricingCategory"
        END AS "PricingCategory",
        CASE WHEN role IN ('unused', 'credit') THEN NULL ELSE focus."PricingQuantity" END
            AS "PricingQuantity",
        CASE WHEN role IN ('unused', 'credit') THEN NULL ELSE focus."PricingUnit" END
            AS "PricingUnit",
        coalesce(parts.commitment_category, focus."CommitmentDiscountCategory")
            AS "CommitmentDiscountCategory",
        coalesce(parts.commitment_id, focus."CommitmentDiscountId") AS "CommitmentDiscountId",
        coalesce(parts.commitment_name, focus."CommitmentDiscountName") AS "CommitmentDiscountName",
        CASE WHEN role IN ('fee', 'unused', 'credit') THEN 0 ELSE focus."ContractedCost" END
            AS "ContractedCost",
        CASE WHEN role IN ('fee', 'unused', 'credit') THEN 0 ELSE focus."ListCost" END
            AS "ListCost",
        coalesce(parts.credit_type, focus."x_LineItemType") AS "x_LineItemType"
    ),
    coalesce(parts.line_part, '') AS line_part,
    CASE
        WHEN
            coalesce(parts.commitment_id, focus."CommitmentDiscountId") IS NOT NULL
            AND coalesce(role, '') <> 'credit'
            THEN 'Committed use discount'
    END AS "CommitmentDiscountType",
    CASE
        WHEN role = 'unused' THEN 'Unused'
        WHEN role = 'covered' THEN 'Used'
        WHEN focus."CommitmentDiscountId" IS NOT NULL AND coalesce(role, '') <> 'credit' THEN 'Used'
    END AS "CommitmentDiscountStatus",
    CASE WHEN coalesce(role, 'other') IN ('covered', 'other') THEN focus."PricingQuantity" END
        AS "ConsumedQuantity",
    CASE WHEN coalesce(role, 'other') IN ('covered', 'other') THEN focus."PricingUnit" END
        AS "ConsumedUnit",
    '{' || concat(
        user_labels.label_members, user_tags.tag_members, project_tags.project_members
    )[2:] || '}' AS "Tags",
    machines.machine AS "x_InstanceType",
    machines.reservation AS "CapacityReservationId",
    CASE
        WHEN machines.is_unused_reservation THEN 'Unused'
        WHEN machines.reservation IS NOT NULL THEN 'Used'
    END AS "CapacityReservationStatus",
    coalesce(parts.billed, as_charged) AS "BilledCost",
    coalesce(parts.effective, as_charged) AS "EffectiveCost"
FROM focus
LEFT JOIN gcp_parts AS parts ON focus.line_number = parts.line_number
LEFT JOIN gcp_label_texts AS user_labels ON focus.labels = user_labels.text
LEFT JOIN gcp_label_texts AS user_tags ON focus.resource_tags = user_tags.text
LEFT JOIN gcp_label_texts AS project_tags ON focus.project_labels = project_tags.text
LEFT JOIN gcp_label_texts AS machines ON focus.system_labels = machines.text
