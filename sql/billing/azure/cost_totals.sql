-- What the month's lines cost in each view of the costs and each kind, for what a person is told.
-- grain:  currency
-- params: none
SELECT
    currency,
    bool_or(is_paired) AS is_paired,
    count(*) FILTER (WHERE role = 'actual') AS actual_lines,
    coalesce(sum(amount(cost)) FILTER (WHERE role = 'actual'), 0) AS actual_cost,
    count(*) FILTER (WHERE line_fate = 'left_out') AS left_out_lines,
    coalesce(sum(amount(cost)) FILTER (WHERE line_fate = 'left_out'), 0) AS left_out_cost,
    count(*) FILTER (
        WHERE
            is_paired
            AND role = 'actual'
            AND line_fate = 'charge'
            AND NOT (is_committed AND kind IN ('purchase', 'refund'))
    ) AS lone_lines,
    coalesce(
        sum(amount(cost)) FILTER (
            WHERE
                is_paired
                AND role = 'actual'
                AND line_fate = 'charge'
                AND NOT (is_committed AND kind IN ('purchase', 'refund'))
        ),
        0
    ) AS lone_cost,
    coalesce(
        sum(amount(cost)) FILTER (
            WHERE
                line_fate = 'charge'
                AND NOT (
                    role = 'amortized'
                    AND (kind LIKE 'unused%' OR (is_committed AND kind IN ('usage', 'purchase', 'refund')))
                )
        ),
        0
    ) AS billed_cost,
    count(*) FILTER (WHERE role = 'amortized') AS amortized_lines,
    count(*) FILTER (
        WHERE role = 'amortized' AND (kind LIKE 'unused%' OR (is_committed AND kind = 'usage'))
    ) AS amortized_use_lines,
    coalesce(
        sum(amount(cost)) FILTER (
            WHERE role = 'amortized' AND (kind LIKE 'unused%' OR (is_committed AND kind = 'usage'))
        ),
        0
    ) AS amortized_use_cost,
    count(*) FILTER (
        WHERE role = 'amortized' AND is_committed AND kind IN ('purchase', 'refund')
    ) AS amortized_fee_lines,
    count(*) FILTER (WHERE role = 'actual' AND is_committed) AS actual_commitment_lines,
    coalesce(
        sum(amount(cost)) FILTER (
            WHERE role = 'actual' AND is_committed AND kind IN ('purchase', 'refund')
        ),
        0
    ) AS actual_fee_cost,
    count(*) FILTER (WHERE line_fate = 'charge' AND allocation_rule IS NOT NULL)
        AS allocated_lines,
    coalesce(
        sum(amount(cost)) FILTER (WHERE line_fate = 'charge' AND allocation_rule IS NOT NULL), 0
    ) AS allocated_cost,
    count(*) FILTER (WHERE line_fate = 'charge' AND period_month <> line_month)
        AS other_period_lines,
    count(*) FILTER (
        WHERE
            line_fate = 'charge'
            AND kind = 'usage'
            AND pricing_currency <> currency
            AND amount(exchange_rate) IS NULL
    ) AS rateless_lines
FROM raw_lines
WHERE line_month = getvariable('month')
GROUP BY currency
ORDER BY currency
