-- The credits of a bill's lines, each once, with what it is for: a lower price, the use of a
-- commitment (spend, resource), the offset of a commitment's fee, or a payment.
-- grain:  line_number, credit_number
-- params: none
WITH texts AS (
    SELECT DISTINCT credits AS text FROM bill_lines WHERE credits <> '[]'
),

lists AS (
    SELECT text, gcp_list(text) AS list_text FROM texts
),

parsed AS (
    SELECT
        text,
        from_json(
            list_text,
            '[{"type":"VARCHAR","amount":"VARCHAR","id":"VARCHAR","name":"VARCHAR",'
            || '"full_name":"VARCHAR"}]'
        ) AS told
    FROM lists
    WHERE list_text IS NOT NULL
),

unnested AS (
    SELECT
        text,
        unnest(told) AS credit,
        unnest(range(1, len(told) + 1)) AS credit_number
    FROM parsed
),

typed AS (
    SELECT
        text,
        credit_number,
        amount(credit.amount) AS amount,
        gcp_credit_type(
            nullif(credit.type, ''), coalesce(nullif(credit.name, ''), credit.id)
        ) AS credit_type,
        nullif(credit.id, '') AS credit_id,
        coalesce(nullif(credit.full_name, ''), nullif(credit.name, ''), nullif(credit.id, ''))
            AS credit_name
    FROM unnested
)

SELECT
    bill_lines.line_number,
    bill_lines.currency,
    typed.* EXCLUDE (text),
    gcp_credit_use(typed.credit_type) AS use
FROM bill_lines
INNER JOIN typed ON bill_lines.credits = typed.text
