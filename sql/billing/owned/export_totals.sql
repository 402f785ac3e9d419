-- What the owned-cost files cost in a month: a second code path that never sees the charges.
-- `owned_totals` holds each row's month worked out from its text alone, by `owned.totals`.
-- grain:  BillingAccountId, InvoiceId, InvoiceIssuerName, BillingCurrency, basis
-- params: $source text, $month text
WITH sums AS (
    SELECT
        coalesce(raw_text.account, '') AS payer,
        coalesce(raw_text.invoice_id, 'own-' || $month) AS invoice,
        coalesce(raw_text.supplier, 'Own') AS issuer,
        raw_text.currency AS currency,
        count(*) AS lines,
        sum(owned_totals.billed) AS billed,
        sum(owned_totals.effective) AS effective
    FROM raw_text
    INNER JOIN owned_totals ON raw_text.line_number = owned_totals.line_number
    GROUP BY payer, invoice, issuer, currency
),

by_basis AS (
    SELECT *, 'BilledCost' AS basis, billed AS total FROM sums
    UNION ALL
    SELECT *, 'EffectiveCost' AS basis, effective AS total FROM sums
    UNION ALL
    SELECT *, 'ContractedCost' AS basis, effective AS total FROM sums
    UNION ALL
    SELECT *, 'ListCost' AS basis, effective AS total FROM sums
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
    0 AS rounding
FROM by_basis
ORDER BY payer, invoice, issuer, currency, basis
