-- The charges of a bill with their ids: what a format's mapping made of each line (`charge_rows`),
-- numbered among lines that are about the same, and named by its part where a line makes several.
-- grain:  x_ChargeId
-- params: those of the format's mapping
SELECT
    charge_rows.* EXCLUDE (line_number, line_key, line_part),
    md5(charge_rows.line_key)
    || CASE
        WHEN doubled_lines.ordinal IS NULL THEN ''
        ELSE '-' || doubled_lines.ordinal
    END
    || CASE
        WHEN charge_rows.line_part = '' THEN ''
        ELSE '-' || charge_rows.line_part
    END AS "x_ChargeId"
FROM charge_rows
LEFT JOIN doubled_lines ON charge_rows.line_number = doubled_lines.line_number
