-- What a provider's lines leave out or have been robbed of, counted.
-- grain:  provider, currency
-- params: none
SELECT
    provider,
    billing_currency AS currency,
    count(*) AS lines,
    count(*) FILTER (WHERE effective_cost IS NULL) AS without_effective_cost,
    count(*) FILTER (WHERE contracted_cost IS NULL) AS without_contracted_cost,
    count(*) FILTER (
        WHERE
        commitment_discount_id IS NOT NULL
        AND commitment_discount_status IS NULL
        AND focus_word(charge_category) = 'Usage'
    ) AS without_commitment_status,
    count(*) FILTER (WHERE allocated_method_id IS NOT NULL AND allocated_method_details IS NULL)
        AS allocated_without_ratio,
    count(*) FILTER (WHERE service_name IS NULL) AS without_service,
    -- A publisher that rounds leaves whole effective costs beside billed ones that are not whole.
    count(*) FILTER (WHERE is_priced AND has_cents) AS with_cents,
    count(*) FILTER (WHERE is_priced AND has_cents AND is_whole) AS rounded,
    sum(amount(billed_cost)) FILTER (WHERE is_priced AND has_cents) AS billed,
    sum(amount(effective_cost)) FILTER (WHERE is_priced AND has_cents) AS effective
FROM (
    SELECT
        *,
        focus_word(charge_category) = 'Usage' AND effective_cost IS NOT NULL AS is_priced,
        amount(billed_cost) <> trunc(amount(billed_cost)) AS has_cents,
        amount(effective_cost) = trunc(amount(effective_cost)) AS is_whole
    FROM bill_lines
)
GROUP BY provider, billing_currency
ORDER BY provider, currency
