-- The columns of a file that hold what belongs under another header, in most of its first lines.
-- An amount or a date that is merely written otherwise (1.234,50 or 05/31/2026) is not meant.
-- grain:  column_name
-- params: $file text, $most_lines integer
WITH looked_at AS (
    SELECT * FROM raw_text WHERE file = $file LIMIT $most_lines
),

fields AS (
    SELECT
        unnest([
            struct_pack(column_name := 'BilledCost', kind := 'money', text := billed_cost),
            struct_pack(column_name := 'EffectiveCost', kind := 'money', text := effective_cost),
            struct_pack(column_name := 'ContractedCost', kind := 'money', text := contracted_cost),
            struct_pack(column_name := 'ListCost', kind := 'money', text := list_cost),
            struct_pack(
                column_name := 'BillingPeriodStart', kind := 'instant', text := billing_period_start
            ),
            struct_pack(
                column_name := 'ChargePeriodStart', kind := 'instant', text := charge_period_start
            ),
            struct_pack(column_name := 'ChargeCategory', kind := 'word', text := charge_category),
            struct_pack(column_name := 'BillingCurrency', kind := 'code', text := billing_currency)
        ], recursive := true)
    FROM looked_at
),

judged AS (
    SELECT
        column_name,
        text,
        CASE kind
            WHEN 'money'
                THEN
                    amount(text) IS NULL
                    AND (instant(text) IS NOT NULL OR NOT regexp_matches(text, '[0-9]'))
            WHEN 'instant'
                THEN instant(text) IS NULL AND NOT regexp_matches(text, '^\d+[-/.]\d+[-/.]\d')
            WHEN 'word'
                THEN
                    amount(text) IS NOT NULL
                    OR instant(text) IS NOT NULL
                    OR regexp_full_match(text, '[A-Z]{3}')
            ELSE
                amount(text) IS NOT NULL
                OR instant(text) IS NOT NULL
                OR focus_word(text) IS NOT NULL
        END AS is_misplaced
    FROM fields
    WHERE text IS NOT NULL
)

SELECT
    column_name,
    count(*) FILTER (WHERE is_misplaced) AS lines,
    min(text) FILTER (WHERE is_misplaced) AS shown
FROM judged
GROUP BY column_name
HAVING count(*) FILTER (WHERE is_misplaced) * 2 > count(*)
ORDER BY column_name
