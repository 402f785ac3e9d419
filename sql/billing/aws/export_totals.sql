-- What the export charges, summed from its text: a second code path that never sees the charges.
-- Savings plan usage counts as listed and is negated as listed; nothing is paired here.
-- grain:  BillingAccountId, InvoiceId, InvoiceIssuerName, BillingCurrency, basis
-- params: $source text, $month text, $use_net boolean
WITH texts AS (
    SELECT
        coalesce(payer_account_id, '') AS payer,
        coalesce(invoice_id, '') AS invoice,
        coalesce(invoicing_entity, legal_entity, 'AWS') AS issuer,
        currency_code AS currency,
        unblended_cost AS gross,
        CASE WHEN $use_net THEN coalesce(net_unblended_cost, unblended_cost) ELSE unblended_cost END
            AS paid,
        -- An effective cost is the text `plus_1`, plus `plus_2`, less `minus`.
        CASE coalesce(line_item_type, 'Usage')
            WHEN 'SavingsPlanCoveredUsage'
                THEN CASE WHEN $use_net THEN coalesce(net_plan_cost, plan_cost) ELSE plan_cost END
            WHEN 'DiscountedUsage'
                THEN CASE
                    WHEN $use_net THEN coalesce(net_reservation_cost, reservation_cost)
                    ELSE reservation_cost
                END
            WHEN 'RIFee'
                THEN CASE
                    WHEN $use_net THEN coalesce(net_unused_upfront, unused_upfront)
                    ELSE unused_upfront
                END
            WHEN 'SavingsPlanRecurringFee' THEN plan_commitment
            WHEN 'SavingsPlanNegation' THEN NULL
            WHEN 'SavingsPlanUpfrontFee' THEN NULL
            ELSE CASE
                WHEN line_item_type = 'Fee' AND reservation_arn IS NOT NULL THEN NULL
                WHEN
                    line_item_type = 'Refund'
                    AND ends_with(product_code, 'SavingsPlans')
                    AND contains(lower(description), 'one-time fee')
                    THEN NULL
                WHEN $use_net THEN coalesce(net_unblended_cost, unblended_cost)
                ELSE unblended_cost
            END
        END AS plus_1,
        CASE
            WHEN line_item_type = 'RIFee'
                THEN CASE
                    WHEN $use_net THEN coalesce(net_unused_recurring, unused_recurring)
                    ELSE unused_recurring
                END
        END AS plus_2,
        CASE WHEN line_item_type = 'SavingsPlanRecurringFee' THEN plan_used END AS minus,
        regexp_matches(coalesce(line_item_type, ''), 'Discount$') AS is_discount,
        CASE
            WHEN
                regexp_matches(
                    coalesce(line_item_type, ''),
                    '^(SavingsPlan(Negation|RecurringFee|UpfrontFee)|RIFee|.*Discount)$'
                )
                OR (line_item_type = 'Fee' AND reservation_arn IS NOT NULL)
                THEN NULL
            WHEN
                regexp_matches(coalesce(line_item_type, ''), '^(Tax|Credit|Refund|Fee)$')
                OR regexp_matches(lower(coalesce(product_code, '')), '^(aws|ocb).*support')
                THEN CASE
                    WHEN $use_net THEN coalesce(net_unblended_cost, unblended_cost)
                    ELSE unblended_cost
                END
            ELSE coalesce(public_cost, unblended_cost)
        END AS listed
    FROM raw_text
    WHERE
        parent_resource_id IS NULL
        AND (operation IS NULL OR operation NOT IN ('EKSPod-EC2', 'ECSTask-EC2'))
),

sums AS (
    SELECT
        payer,
        invoice,
        issuer,
        currency,
        count(*) AS lines,
        sum(amount(paid)) AS billed,
        sum(amount_rounding(paid)) AS billed_rounding,
        coalesce(sum(amount(plus_1)), 0)
        + coalesce(sum(amount(plus_2)), 0)
        - coalesce(sum(amount(minus)), 0) AS effective,
        sum(amount_rounding(plus_1))
        + sum(amount_rounding(plus_2))
        - sum(amount_rounding(minus)) AS effective_rounding,
        coalesce(sum(amount(listed)), 0)
        + coalesce(sum(amount(gross)) FILTER (WHERE is_discount), 0) AS contracted,
        sum(amount_rounding(listed))
        + coalesce(sum(amount_rounding(gross)) FILTER (WHERE is_discount), 0)
            AS contracted_rounding,
        coalesce(sum(amount(listed)), 0) AS list,
        sum(amount_rounding(listed)) AS list_rounding
    FROM texts
    GROUP BY payer, invoice, issuer, currency
),

by_basis AS (
    SELECT *, 'BilledCost' AS basis, billed AS total, billed_rounding AS units FROM sums
    UNION ALL
    SELECT *, 'EffectiveCost' AS basis, effective AS total, effective_rounding AS units FROM sums
    UNION ALL
    SELECT *, 'ContractedCost' AS basis, contracted AS total, contracted_rounding AS units FROM sums
    UNION ALL
    SELECT *, 'ListCost' AS basis, list AS total, list_rounding AS units FROM sums
)

SELECT
    $month AS billing_month,
    $source AS source,
    payer AS "BillingAccountId",
    invoice AS "InvoiceId",
    issuer AS "InvoiceIssuerName",
    currency AS "BillingCurrency",
    basis,
    lines,
    total AS export_total,
    -- Units of 1e-18, whole ones: less than that is no amount of money this project can hold.
    round(units)::DECIMAL(20, 0) * 0.000000000000000001::DECIMAL(18, 18) AS rounding
FROM by_basis
ORDER BY payer, invoice, issuer, currency, basis
