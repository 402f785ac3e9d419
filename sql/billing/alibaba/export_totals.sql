-- What Alibaba Cloud's bill charges, summed from its text: a second code path that never sees the
-- charges. Pretax is what is billed, gross what is listed, gross less discount what is contracted.
-- grain:  BillingAccountId, InvoiceId, InvoiceIssuerName, BillingCurrency, basis
-- params: $source text, $month text
WITH texts AS (
    SELECT
        coalesce(account_id, '') AS payer,
        CASE
            WHEN role = 'month' AND account_id IS NULL THEN $month
            WHEN role = 'month' THEN account_id || '-' || $month
            ELSE ''
        END AS invoice,
        CASE WHEN currency_code IS NULL AND item_zh IS NOT NULL THEN 'CNY' ELSE currency_code END
            AS currency,
        pretax_amount AS paid,
        ifnull(gross_amount, pretax_amount) AS listed,
        CASE
            WHEN invoice_discount IS NOT NULL AND gross_amount IS NOT NULL THEN gross_amount
            ELSE pretax_amount
        END AS before_discount,
        CASE WHEN gross_amount IS NOT NULL THEN invoice_discount END AS discount
    FROM raw_text
    WHERE replace(billing_cycle, '-', '') = replace($month, '-', '')
),

sums AS (
    SELECT
        payer,
        invoice,
        currency,
        count(*) AS lines,
        sum(amount(paid)) AS billed,
        sum(amount_rounding(paid)) AS billed_rounding,
        sum(amount(before_discount)) - coalesce(sum(amount(discount)), 0) AS contracted,
        sum(amount_rounding(before_discount)) - sum(amount_rounding(discount))
            AS contracted_rounding,
        sum(amount(listed)) AS list,
        sum(amount_rounding(listed)) AS list_rounding
    FROM texts
    GROUP BY payer, invoice, currency
),

by_basis AS (
    SELECT *, 'BilledCost' AS basis, billed AS total, billed_rounding AS units FROM sums
    UNION ALL
    SELECT *, 'EffectiveCost' AS basis, billed AS total, billed_rounding AS units FROM sums
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
    'Alibaba Cloud' AS "InvoiceIssuerName",
    currency AS "BillingCurrency",
    basis,
    lines,
    total AS export_total,
    -- Units of 1e-18, whole ones: less than that is no amount of money this project can hold.
    round(units)::DECIMAL(20, 0) * 0.000000000000000001::DECIMAL(18, 18) AS rounding
FROM by_basis
ORDER BY payer, invoice, currency, basis
