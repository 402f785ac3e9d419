-- What a FOCUS dataset charges, summed from its text: a second code path that never sees the charges.
-- grain:  BillingAccountId, InvoiceId, InvoiceIssuerName, BillingCurrency, basis
-- params: $source text, $month text
WITH texts AS (
    SELECT
        CASE WHEN billing_account_id IS NULL THEN '' ELSE billing_account_id END AS payer,
        CASE WHEN invoice_id IS NULL THEN '' ELSE invoice_id END AS invoice,
        CASE
            WHEN invoice_issuer_name IS NOT NULL THEN invoice_issuer_name
            WHEN service_provider_name IS NOT NULL THEN service_provider_name
            WHEN provider_name IS NOT NULL THEN provider_name
            WHEN publisher_name IS NOT NULL THEN publisher_name
            WHEN host_provider_name IS NOT NULL THEN host_provider_name
            ELSE '(not named)'
        END AS issuer,
        billing_currency AS currency,
        unnest([
            struct_pack(basis := 'BilledCost', text := billed_cost),
            struct_pack(
                basis := 'EffectiveCost',
                text := CASE WHEN effective_cost IS NULL THEN billed_cost ELSE effective_cost END
            ),
            struct_pack(
                basis := 'ContractedCost',
                text := CASE WHEN contracted_cost IS NULL THEN billed_cost ELSE contracted_cost END
            ),
            struct_pack(
                basis := 'ListCost',
                text := CASE WHEN list_cost IS NULL THEN billed_cost ELSE list_cost END
            )
        ]) AS cost
    FROM raw_text
    WHERE starts_with(billing_period_start, $month) AND role <> 'left_out'
),

sums AS (
    SELECT
        payer,
        invoice,
        issuer,
        currency,
        cost.basis AS basis,
        count(*) AS lines,
        sum(amount(cost.text)) AS total,
        sum(amount_rounding(cost.text)) AS units
    FROM texts
    GROUP BY payer, invoice, issuer, currency, cost.basis
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
FROM sums
ORDER BY payer, invoice, issuer, currency, basis
