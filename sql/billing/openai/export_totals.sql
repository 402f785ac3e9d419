-- What OpenAI's costs pages charge, summed from their text: a second code path that never sees the
-- charges. There is one amount, so that all four bases are one sum.
-- grain:  BillingAccountId, InvoiceId, InvoiceIssuerName, BillingCurrency, basis
-- params: $source text, $month text
WITH sums AS (
    SELECT
        ifnull(organization_id, '') AS payer,
        upper(amount_currency) AS currency,
        count(*) AS lines,
        sum(amount(amount_value)) AS total,
        sum(amount_rounding(amount_value)) AS units
    FROM raw_text
    WHERE replaced_by IS NULL AND starts_with(start_time, $month || '-')
    GROUP BY payer, currency
)

SELECT
    $month AS billing_month,
    $source AS source,
    payer AS "BillingAccountId",
    '' AS "InvoiceId",
    'OpenAI' AS "InvoiceIssuerName",
    currency AS "BillingCurrency",
    unnest(['BilledCost', 'EffectiveCost', 'ContractedCost', 'ListCost']) AS basis,
    lines,
    total AS export_total,
    -- Units of 1e-18, whole ones: less than that is no amount of money this project can hold.
    round(units)::DECIMAL(20, 0) * 0.000000000000000001::DECIMAL(18, 18) AS rounding
FROM sums
ORDER BY payer, currency, basis
