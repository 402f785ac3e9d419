-- What Google's export charges, summed from its text: a second code path that never sees the charges.
-- A month's fees of commitments are used or unused within the month, so that its effective cost adds
-- up to its billed cost; fees list and contract nothing, credits lower neither.
-- grain:  BillingAccountId, InvoiceId, InvoiceIssuerName, BillingCurrency, basis
-- params: $source text, $month text
WITH texts AS (
    SELECT
        coalesce(billing_account_id, '') AS account,
        currency,
        cost,
        cost_at_list,
        default_cost,
        [
            told_amount
            FOR told_amount IN json_extract_string(gcp_list(credits), '$[*].amount')
        ] AS lowered,
        coalesce(cost_type, 'regular') = 'regular' AS is_regular,
        sku_id AS sku,
        lower(coalesce(sku_description, '')) AS sku_name,
        coalesce(credits, '') LIKE '%FEE_UTILIZATION_OFFSET%' AS has_offset,
        model_description AS model,
        model_id IS NOT NULL
        AND subscription_id IS NOT NULL AS names_model
    FROM raw_text
    WHERE replace(invoice_month, '-', '') = replace($month, '-', '')
),

fees AS (
    SELECT
        *,
        is_regular
        AND (
            starts_with(sku_name, 'commitment ')
            OR contains(sku_name, 'committed use discount')
            OR has_offset
            OR coalesce(
                sku IN (
                    SELECT offsets.sku FROM texts AS offsets
                    WHERE offsets.has_offset AND offsets.is_regular AND offsets.sku IS NOT NULL
                ),
                false
            )
        ) AS is_fee
    FROM texts
),

amounts AS (
    SELECT
        account,
        currency,
        cost AS charged,
        lowered,
        CASE WHEN NOT is_fee THEN coalesce(cost_at_list, cost) END AS listed,
        CASE
            WHEN is_fee THEN NULL
            WHEN
                lower(model) <> 'default'
                OR (model IS NULL AND names_model)
                THEN coalesce(default_cost, cost)
            ELSE cost
        END AS contracted
    FROM fees
),

sums AS (
    SELECT
        account,
        currency,
        count(*) AS lines,
        sum(amount(charged)) + coalesce(sum(list_sum([amount(one) FOR one IN lowered])), 0)
            AS billed,
        sum(amount_rounding(charged))
        + coalesce(sum(list_sum([amount_rounding(one) FOR one IN lowered])), 0)
            AS billed_rounding,
        coalesce(sum(amount(contracted)), 0) AS contracted,
        sum(amount_rounding(contracted)) AS contracted_rounding,
        coalesce(sum(amount(listed)), 0) AS list,
        sum(amount_rounding(listed)) AS list_rounding
    FROM amounts
    GROUP BY account, currency
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
    account AS "BillingAccountId",
    '' AS "InvoiceId",
    'Google Cloud' AS "InvoiceIssuerName",
    currency AS "BillingCurrency",
    basis,
    lines,
    total AS export_total,
    -- Units of 1e-18, whole ones: less than that is no amount of money this project can hold.
    round(units)::DECIMAL(20, 0) * 0.000000000000000001::DECIMAL(18, 18) AS rounding
FROM by_basis
ORDER BY account, currency, basis
