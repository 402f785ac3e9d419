-- What an Azure export charges, summed from its text: a second code path that never sees the
-- charges. Which months have both cost views is found here again.
-- grain:  BillingAccountId, InvoiceId, InvoiceIssuerName, BillingCurrency, basis
-- params: $source text, $month text
WITH views AS (
    SELECT
        coalesce(bool_or(role = 'actual') AND bool_or(role = 'amortized'), false) AS are_both
    FROM raw_text
    WHERE left(billing_period_start, 7) = $month OR getvariable('month_is_told')
),

repeated AS (
    SELECT DISTINCT upper(coalesce(subscription_id, '')) AS subscription
    FROM raw_text
    WHERE
        role = 'amortized'
        AND (left(billing_period_start, 7) = $month OR getvariable('month_is_told'))
),

texts AS (
    SELECT
        *,
        upper(replace(coalesce(charge_type, 'Usage'), ' ', '')) AS charged_as,
        regexp_full_match(coalesce(pricing_model, ''), '(?i)(reservation|savings ?plan)')
            AS commits,
        (SELECT views.are_both FROM views) AS both_views,
        repeated.subscription IS NOT NULL AS is_repeated
    FROM raw_text
    LEFT JOIN repeated ON upper(coalesce(raw_text.subscription_id, '')) = repeated.subscription
    -- A delivery that tells its month has no line of another one: the reader stops at those.
    WHERE left(billing_period_start, 7) = $month OR getvariable('month_is_told')
),

kept AS (
    SELECT
        *,
        commits AND charged_as IN ('PURCHASE', 'REFUND') AS fee,
        charged_as = 'USAGE' AS used,
        amount(quantity) AS number,
        amount(list_price) AS list_each,
        amount(unit_price) AS unit_each,
        CASE
            WHEN pricing_currency IS NULL OR pricing_currency = currency THEN 1::DECIMAL(38, 18)
            ELSE amount(exchange_rate)
        END AS rate
    FROM texts
    WHERE NOT (
        both_views
        AND role = 'actual'
        AND NOT (commits AND charged_as IN ('PURCHASE', 'REFUND'))
        AND is_repeated
    )
),

in_bill_currency AS (
    SELECT
        * REPLACE (
            exact_product(list_each, rate) AS list_each,
            exact_product(unit_each, rate) AS unit_each
        )
    FROM kept
),

bases AS (
    SELECT
        coalesce(billing_profile_id, billing_account_id, subscription_id, '') AS payer,
        coalesce(invoice_id, '') AS invoice,
        coalesce(partner_name, 'Microsoft') AS issuer,
        currency,
        CASE
            WHEN role <> 'amortized' THEN cost
            WHEN starts_with(charged_as, 'UNUSED') THEN NULL
            WHEN commits AND used THEN NULL
            WHEN fee AND both_views THEN NULL
            ELSE cost
        END AS billed,
        CASE WHEN NOT fee OR (role <> 'amortized' AND NOT both_views) THEN cost END AS effective,
        CASE WHEN fee OR starts_with(charged_as, 'UNUSED') THEN NULL ELSE cost END AS stand_in,
        CASE WHEN used THEN nullif(amount(list_cost), 0) END AS stated,
        CASE
            WHEN used
                THEN nullif(
                    coalesce(
                        CASE WHEN rate = 1 THEN short_product(quantity, list_price) END,
                        exact_product(list_each, number)
                    ),
                    0
                )
        END AS listed,
        CASE
            WHEN used
                THEN nullif(
                    coalesce(
                        CASE WHEN rate = 1 THEN short_product(quantity, unit_price) END,
                        exact_product(unit_each, number)
                    ),
                    0
                )
        END AS contracted
    FROM in_bill_currency
),

sums AS (
    SELECT
        payer,
        invoice,
        issuer,
        currency,
        count(*) AS lines,
        coalesce(sum(amount(billed)), 0) AS billed,
        coalesce(sum(amount_rounding(billed)), 0) AS billed_rounding,
        coalesce(sum(amount(effective)), 0) AS effective,
        coalesce(sum(amount_rounding(effective)), 0) AS effective_rounding,
        coalesce(sum(coalesce(contracted, amount(stand_in))), 0) AS contracted,
        coalesce(sum(amount_rounding(stand_in)) FILTER (WHERE contracted IS NULL), 0)
            AS contracted_rounding,
        coalesce(sum(coalesce(stated, listed, contracted, amount(stand_in))), 0) AS list,
        coalesce(
            sum(amount_rounding(stand_in)) FILTER (
                WHERE coalesce(stated, listed, contracted) IS NULL
            ),
            0
        ) AS list_rounding
    FROM bases
    GROUP BY payer, invoice, issuer, currency
),

by_basis AS (
    SELECT *, 'BilledCost' AS basis, billed AS total, billed_rounding AS tail FROM sums
    UNION ALL
    SELECT *, 'EffectiveCost' AS basis, effective AS total, effective_rounding AS tail FROM sums
    UNION ALL
    SELECT *, 'ContractedCost' AS basis, contracted AS total, contracted_rounding AS tail FROM sums
    UNION ALL
    SELECT *, 'ListCost' AS basis, list AS total, list_rounding AS tail FROM sums
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
    -- Of the amounts as they are written; a price times a quantity is rounded once at the 18th
    -- decimal and has no text of its own to be compared with.
    round(tail)::DECIMAL(20, 0) * 0.000000000000000001::DECIMAL(18, 18) AS rounding
FROM by_basis
ORDER BY payer, invoice, issuer, currency, basis
