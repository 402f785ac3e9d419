-- The credits of a bill's lines, each once, with what it is for: a lower price, the use of a
-- commitment (spend, resource), the offset of a commitment's fee, or a payment.
-- grain:  line_number, credit_number
-- params: none
WITH listed AS (
    SELECT line_number, currency, gcp_list(credits) AS list_text
    FROM bill_lines
    WHERE credits <> '[]'
),

parsed AS (
    SELECT
        line_number,
        currency,
        from_json(
            list_text,
            '[{"type":"VARCHAR","amount":"VARCHAR","id":"VARCHAR","name":"VARCHAR",'
            || '"full_name":"VARCHAR"}]'
        ) AS told
    FROM listed
    WHERE list_text IS NOT NULL
),

unnested AS (
    SELECT
        line_number,
        currency,
        unnest(told) AS credit,
        unnest(range(1, len(told) + 1)) AS credit_number
    FROM parsed
),

typed AS (
    SELECT
        line_number,
        currency,
        credit_number,
        amount(credit.amount) AS amount,
        gcp_credit_type(credit.type, coalesce(credit.name, credit.id)) AS credit_type,
        credit.id AS credit_id,
        coalesce(credit.full_name, credit.name, credit.id) AS credit_name
    FROM unnested
)

SELECT *, gcp_credit_use(credit_type) AS use
FROM typed
