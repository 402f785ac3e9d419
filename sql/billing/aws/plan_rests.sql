-- Lines of covered usage and negations that do not cancel, with what each is billed after pairing.
-- A group's rest is booked on one of its negations; a group without negations, or without covered
-- usage, stays as billed. Lines of groups that cancel are not here: they are billed 0.
-- grain:  line_number
-- params: $use_net boolean
WITH lines AS (
    SELECT
        line_number,
        line_item_type = 'SavingsPlanNegation' AS is_negation,
        coalesce(plan_arn, '') AS plan,
        coalesce(date_trunc('hour', instant(usage_start))::VARCHAR, '') AS usage_hour,
        coalesce(usage_type, '') AS usage_type,
        coalesce(payer_account_id, '') AS payer,
        currency_code AS currency,
        struct_pack(
            account := coalesce(usage_account_id, ''),
            description := coalesce(description, ''),
            line_number := line_number
        ) AS place,
        CASE
            WHEN $use_net THEN coalesce(amount(net_unblended_cost), amount(unblended_cost))
            ELSE amount(unblended_cost)
        END AS as_billed
    FROM bill_lines
    WHERE
        line_item_type IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
),

rests AS (
    SELECT
        plan,
        usage_hour,
        usage_type,
        payer,
        currency,
        sum(as_billed) AS rest,
        CASE WHEN NOT bool_and(is_negation) THEN min(place) FILTER (WHERE is_negation) END
            AS booked_on
    FROM lines
    GROUP BY plan, usage_hour, usage_type, payer, currency
    HAVING rest <> 0
)

SELECT
    lines.line_number,
    CASE
        WHEN rests.booked_on IS NULL THEN lines.as_billed
        WHEN rests.booked_on.line_number = lines.line_number THEN rests.rest
        ELSE 0
    END AS billed
FROM lines
INNER JOIN rests USING (plan, usage_hour, usage_type, payer, currency)
