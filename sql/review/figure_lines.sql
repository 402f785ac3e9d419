-- The bill lines behind one figure: each charge whole, and the part of it that is in the figure.
-- grain:  charge (source, charge_id)
-- params: $charge_files list, $basis text, $top bigint (reads figure_charges)
WITH parts AS (
    SELECT source, charge_id, currency, sum(amount) AS amount
    FROM figure_charges
    GROUP BY ALL
)

SELECT
    parts.currency,
    parts.source,
    parts.charge_id,
    charges."ChargePeriodStart" AS period_start,
    charges."ChargePeriodEnd" AS period_end,
    charges."x_LineItemType" AS line_item_type,
    charges."x_UsageType" AS usage_type,
    charges."ResourceId" AS resource_id,
    charges."InvoiceId" AS invoice_id,
    charges."x_SourceFile" AS file,
    charges."x_SourceLine" AS line,
    CASE $basis
        WHEN 'BilledCost' THEN charges."BilledCost"
        WHEN 'EffectiveCost' THEN charges."EffectiveCost"
        WHEN 'ContractedCost' THEN charges."ContractedCost"
        WHEN 'ListCost' THEN charges."ListCost"
    END AS charge_amount,
    parts.amount
FROM parts
LEFT JOIN read_parquet($charge_files, union_by_name => true) AS charges
    ON parts.source = charges.source AND parts.charge_id = charges."x_ChargeId"
ORDER BY abs(parts.amount) DESC, parts.source, parts.charge_id
LIMIT $top
