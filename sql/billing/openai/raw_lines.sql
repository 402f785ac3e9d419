-- The results of OpenAI's costs pages as text, with what each is of and what it is about.
-- grain:  file, line
-- params: none
SELECT
    *,
    CASE WHEN instant(start_time) IS NOT NULL THEN left(start_time, 7) END AS line_month,
    CASE WHEN replaced_by IS NULL THEN 'charge' ELSE 'left_out' END AS line_fate,
    -- The API knows no invoices: none will ever come.
    false AS lacks_invoice,
    true AS lacks_list_price,
    struct_pack(amount_value := amount_value, quantity := quantity) AS line_order,
    -- What a line is about, and nothing that a later reading of it may restate. A line that was
    -- replaced is about itself, so that the one in its place keeps its id.
    concat_ws(
        '|',
        coalesce(replaced_by || '|' || line_number::VARCHAR, ''),
        coalesce(start_time, ''),
        coalesce(end_time, ''),
        coalesce(organization_id, ''),
        coalesce(project_id, ''),
        coalesce(api_key_id, ''),
        coalesce(line_item, ''),
        coalesce(upper(amount_currency), '')
    ) AS line_key
FROM raw_text
