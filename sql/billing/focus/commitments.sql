-- Commitments bought in this bill of which no line says what was left unused.
-- grain:  commitment, currency
-- params: none
SELECT
    commitment_discount_id AS commitment,
    billing_currency AS currency,
    sum(amount(billed_cost)) FILTER (WHERE focus_word(charge_category) = 'Purchase') AS bought,
    coalesce(
        sum(amount(effective_cost)) FILTER (WHERE focus_word(charge_category) = 'Usage'), 0
    ) AS used
FROM bill_lines
WHERE commitment_discount_id IS NOT NULL
GROUP BY commitment, currency
HAVING
    bought > 0
    AND used < bought
    AND count(*) FILTER (WHERE lower(commitment_discount_status) = 'unused') = 0
    AND coalesce(
        sum(amount(effective_cost)) FILTER (WHERE focus_word(charge_category) = 'Purchase'), 0
    ) = 0
ORDER BY bought DESC, commitment, currency
