-- The lines of an Azure export with what each is about and whether it is charged: where actual and
-- amortized costs are joined, the actual ones only add the commitments' purchases and refunds.
-- grain:  file, line
-- params: none
WITH worded AS (
    SELECT
        *,
        left(billing_period_start, 7) AS period_month,
        -- A pay-as-you-go account's period runs from, say, the 14th to the 13th, its exports from
        -- the first of a month to its last: the delivery tells the month of what it touches.
        CASE
            WHEN
                getvariable('month_is_told')
                AND touches_month(
                    getvariable('month'),
                    instant(billing_period_start),
                    instant(billing_period_end)
                )
                THEN getvariable('month')
            ELSE strftime(instant(billing_period_start), '%Y-%m')
        END AS line_month,
        charge_kind(charge_type) AS kind,
        is_commitment(pricing_model) AS is_committed
    FROM raw_text
)

SELECT
    *,
    period_month IN (SELECT paired.month FROM paired_subscriptions AS paired) AS is_paired,
    CASE
        WHEN
            role = 'actual'
            AND NOT (is_committed AND kind IN ('purchase', 'refund'))
            -- A subscription that the amortized export has no line of is not repeated there.
            AND (period_month, coalesce(lower(subscription_id), '')) IN (
                SELECT (paired.month, paired.subscription) FROM paired_subscriptions AS paired
            )
            THEN 'left_out'
        ELSE 'charge'
    END AS line_fate,
    -- What a line is about, and nothing that a later delivery of it may restate: no amount,
    -- invoice or tag. Azure writes the same resource in several cases.
    concat_ws(
        '|',
        left(billing_period_start, 10),
        coalesce(billing_profile_id, billing_account_id, ''),
        coalesce(lower(subscription_id), ''),
        coalesce(currency, ''),
        kind,
        coalesce(pricing_model, ''),
        coalesce(frequency, ''),
        coalesce(left(date, 10), ''),
        coalesce(lower(resource_id), ''),
        coalesce(lower(resource_group), ''),
        coalesce(resource_location, ''),
        coalesce(consumed_service, ''),
        coalesce(meter_id, ''),
        coalesce(meter_category, ''),
        coalesce(meter_subcategory, ''),
        coalesce(meter_name, ''),
        coalesce(unit_of_measure, ''),
        coalesce(product_id, part_number, ''),
        coalesce(product_name, ''),
        coalesce(lower(benefit_id), lower(reservation_id), ''),
        coalesce(allocation_rule, '')
    ) AS line_key,
    concat_ws('|', quantity, cost, unit_price, list_price, tag_text, additional_info) AS line_order,
    invoice_id IS NULL AND names_invoices AS lacks_invoice,
    kind = 'usage'
    AND coalesce(amount(cost), 0) <> 0
    AND coalesce(amount(list_cost), 0) = 0
    AND (
        coalesce(amount(list_price), 0) = 0
        OR coalesce(amount(quantity), 0) = 0
        OR (coalesce(pricing_currency, currency) <> currency AND amount(exchange_rate) IS NULL)
    ) AS lacks_list_price
FROM worded
