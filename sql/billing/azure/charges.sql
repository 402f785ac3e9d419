-- The charges of an Azure bill under FOCUS 1.3 names: one row for each line that is charged.
-- Billed and effective follow the rule Microsoft publishes for joining actual and amortized costs;
-- given one of the two alone, what it does not tell is taken from what it does.
-- grain:  line_number
-- params: $source text, $month text
WITH typed AS (
    SELECT
        *,
        amount(cost) AS costs,
        amount(quantity) AS units,
        instant(date) AS day,
        is_committed AND kind IN ('purchase', 'refund') AS is_fee,
        kind LIKE 'unused%' AS is_unused,
        lower(coalesce(benefit_id, '')) AS benefit,
        coalesce(billing_profile_id, billing_account_id, subscription_id) AS account,
        amount(unit_price) AS unit_price_told,
        amount(list_price) AS list_price_told,
        amount(list_cost) AS list_cost_told,
        block_size(unit_of_measure) AS block,
        -- Unit prices are in the pricing currency, costs in that of the bill.
        coalesce(pricing_currency, currency) = currency AS is_priced_as_billed,
        amount(exchange_rate) AS rate
    FROM bill_lines
),

priced AS (
    SELECT
        *,
        nullif(
            CASE
                WHEN is_priced_as_billed THEN unit_price_told
                ELSE exact_product(unit_price_told, rate)
            END,
            0
        ) AS contracted_price,
        nullif(
            CASE
                WHEN is_priced_as_billed THEN list_price_told
                ELSE exact_product(list_price_told, rate)
            END,
            0
        ) AS listed_price
    FROM typed
),

multiplied AS (
    SELECT
        *,
        nullif(
            coalesce(
                CASE WHEN is_priced_as_billed THEN short_product(unit_price, quantity) END,
                exact_product(contracted_price, units)
            ),
            0
        ) AS contracted,
        nullif(
            coalesce(
                CASE WHEN is_priced_as_billed THEN short_product(list_price, quantity) END,
                exact_product(listed_price, units)
            ),
            0
        ) AS listed,
        exact_product(units, block) AS consumed
    FROM priced
),

costed AS (
    SELECT
        *,
        CASE
            -- The commitment's purchase was billed; what it covers or leaves unused is not.
            WHEN role = 'amortized' AND (is_unused OR (is_committed AND kind = 'usage')) THEN 0
            WHEN role = 'amortized' AND is_fee AND is_paired THEN 0
            ELSE costs
        END AS billed,
        CASE
            WHEN is_fee AND (role = 'amortized' OR is_paired) THEN 0
            ELSE costs
        END AS effective,
        CASE
            -- Covered usage has its list price already, a commitment has none of its own.
            WHEN is_fee OR is_unused THEN 0
            WHEN kind = 'usage' THEN coalesce(contracted, costs)
            ELSE costs
        END AS contracted_cost,
        CASE
            WHEN is_fee OR is_unused THEN 0
            WHEN kind = 'usage'
                THEN coalesce(nullif(list_cost_told, 0), listed, contracted, costs)
            ELSE costs
        END AS listed_cost,
        CASE
            WHEN contains(benefit, '/microsoft.capacity/') THEN 'Reservation'
            WHEN contains(benefit, '/microsoft.billingbenefits/') THEN 'Savings Plan'
            WHEN reservation_id IS NOT NULL OR kind = 'unusedreservation' THEN 'Reservation'
            WHEN kind = 'unusedsavingsplan' THEN 'Savings Plan'
            WHEN is_committed
                THEN CASE
                    WHEN lower(pricing_model) = 'reservation' THEN 'Reservation'
                    ELSE 'Savings Plan'
                END
        END AS commitment_type
    FROM multiplied
)

SELECT
    line_number,
    line_key,
    '' AS line_part,
    $month AS billing_month,
    strftime(coalesce(day, instant(billing_period_start)), '%Y-%m') AS charge_month,
    $source AS source,
    'Microsoft' AS "ServiceProviderName",
    'Microsoft' AS "HostProviderName",
    coalesce(partner_name, 'Microsoft') AS "InvoiceIssuerName",
    invoice_id AS "InvoiceId",
    account AS "BillingAccountId",
    coalesce(billing_profile_name, billing_account_name) AS "BillingAccountName",
    subscription_id AS "SubAccountId",
    subscription_name AS "SubAccountName",
    currency AS "BillingCurrency",
    instant(billing_period_start) AS "BillingPeriodStart",
    coalesce(
        instant(billing_period_end) + INTERVAL 1 DAY,
        instant(billing_period_start) + INTERVAL 1 MONTH
    ) AS "BillingPeriodEnd",
    coalesce(day, instant(billing_period_start)) AS "ChargePeriodStart",
    coalesce(
        day + INTERVAL 1 DAY,
        instant(billing_period_end) + INTERVAL 1 DAY,
        instant(billing_period_start) + INTERVAL 1 MONTH
    ) AS "ChargePeriodEnd",
    CASE
        WHEN kind IN ('usage', 'unusedreservation', 'unusedsavingsplan') THEN 'Usage'
        WHEN kind IN ('purchase', 'refund') THEN 'Purchase'
        WHEN kind = 'credit' THEN 'Credit'
        WHEN kind = 'tax' THEN 'Tax'
        ELSE 'Adjustment'
    END AS "ChargeCategory",
    CASE WHEN kind = 'refund' THEN 'Correction' END AS "ChargeClass",
    CASE
        WHEN lower(frequency) = 'recurring' THEN 'Recurring'
        WHEN lower(frequency) = 'usagebased' THEN 'Usage-Based'
        WHEN lower(frequency) = 'onetime' THEN 'One-Time'
        WHEN kind IN ('usage', 'unusedreservation', 'unusedsavingsplan') THEN 'Usage-Based'
        ELSE 'One-Time'
    END AS "ChargeFrequency",
    product_name AS "ChargeDescription",
    coalesce(meter_category, consumed_service, product_name, publisher_name, 'Microsoft')
        AS "ServiceName",
    resource_id AS "ResourceId",
    coalesce(resource_name, nullif(regexp_extract(resource_id, '([^/]+)/*$', 1), ''))
        AS "ResourceName",
    coalesce(
        lower(nullif(regexp_extract(resource_id, '(?i).*/providers/([^/]+/[^/]+)', 1), '')),
        lower(resource_type)
    ) AS "ResourceType",
    lower(replace(resource_location, ' ', '')) AS "RegionId",
    resource_location AS "RegionName",
    availability_zone AS "AvailabilityZone",
    coalesce(product_id, part_number) AS "SkuId",
    meter_name AS "SkuMeter",
    CASE lower(pricing_model)
        WHEN 'ondemand' THEN 'Standard'
        WHEN 'spot' THEN 'Dynamic'
        ELSE CASE WHEN is_committed THEN 'Committed' END
    END AS "PricingCategory",
    coalesce(pricing_currency, currency) AS "PricingCurrency",
    CASE WHEN kind <> 'tax' THEN units END AS "PricingQuantity",
    CASE WHEN kind <> 'tax' AND units IS NOT NULL THEN unit_of_measure END AS "PricingUnit",
    listed_price AS "ListUnitPrice",
    contracted_price AS "ContractedUnitPrice",
    CASE commitment_type WHEN 'Reservation' THEN 'Usage' WHEN 'Savings Plan' THEN 'Spend' END
        AS "CommitmentDiscountCategory",
    coalesce(benefit_id, reservation_id) AS "CommitmentDiscountId",
    coalesce(benefit_name, reservation_name) AS "CommitmentDiscountName",
    commitment_type AS "CommitmentDiscountType",
    CASE
        WHEN is_unused THEN 'Unused'
        WHEN is_committed AND kind = 'usage' THEN 'Used'
    END AS "CommitmentDiscountStatus",
    nullif(
        regexp_extract(additional_info, '(?i)"VMCapacityReservationId"\s*:\s*"([^"]*)"', 1), ''
    ) AS "CapacityReservationId",
    CASE
        WHEN
            coalesce(
                regexp_extract(additional_info, '(?i)"VMCapacityReservationId"\s*:\s*"([^"]*)"', 1),
                ''
            ) = ''
            THEN NULL
        WHEN lower(resource_id) LIKE '%/capacityreservationgroups/%/capacityreservations/%'
            THEN 'Unused'
        ELSE 'Used'
    END AS "CapacityReservationStatus",
    CASE WHEN kind = 'usage' THEN consumed END AS "ConsumedQuantity",
    CASE WHEN kind = 'usage' AND units IS NOT NULL THEN block_unit(unit_of_measure) END
        AS "ConsumedUnit",
    billed AS "BilledCost",
    effective AS "EffectiveCost",
    contracted_cost AS "ContractedCost",
    listed_cost AS "ListCost",
    coalesce(braced_json(tag_text), '{}') AS "Tags",
    coalesce(charge_type, 'Usage') AS "x_LineItemType",
    meter_category AS "x_ServiceCode",
    meter_name AS "x_UsageType",
    consumed_service AS "x_Operation",
    nullif(
        regexp_extract(
            additional_info, '(?i)"ServiceType"\s*:\s*"((?:Standard|Basic)_[^"]*)"', 1
        ),
        ''
    ) AS "x_InstanceType",
    meter_subcategory AS "x_ProductFamily",
    file AS "x_SourceFile",
    line AS "x_SourceLine"
FROM costed
