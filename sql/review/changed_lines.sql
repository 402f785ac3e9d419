-- The charges that moved most between two states of a month, as the bill named them last.
-- grain:  source, charge_id, currency
-- params: $basis text, $top bigint per currency (reads changed_charges, charges_before,
--         charges_after)
WITH moved AS (
    SELECT
        *,
        CASE $basis
            WHEN 'billed' THEN billed_after - billed_before
            WHEN 'effective' THEN effective_after - effective_before
            WHEN 'contracted' THEN contracted_after - contracted_before
            WHEN 'list' THEN list_after - list_before
        END AS difference
    FROM changed_charges
),

top AS (
    SELECT *
    FROM moved
    QUALIFY
        row_number() OVER (
            PARTITION BY currency ORDER BY abs(difference) DESC, change, source, charge_id
        ) <= $top
)

SELECT
    top.*,
    coalesce(later.charge_month, earlier.charge_month) AS charge_month,
    coalesce(later."ChargePeriodStart", earlier."ChargePeriodStart") AS period_start,
    coalesce(later."ChargeCategory", earlier."ChargeCategory") AS category,
    coalesce(later."ChargeClass", earlier."ChargeClass") AS charge_class,
    coalesce(later."ServiceName", earlier."ServiceName") AS service,
    coalesce(later."x_UsageType", earlier."x_UsageType") AS usage_type,
    coalesce(later."ResourceId", earlier."ResourceId") AS resource_id,
    coalesce(later."InvoiceId", earlier."InvoiceId") AS invoice_id,
    earlier."x_SourceFile" AS file_before,
    earlier."x_SourceLine" AS line_before,
    later."x_SourceFile" AS file_after,
    later."x_SourceLine" AS line_after
FROM top
LEFT JOIN charges_before AS earlier
    ON
        top.source = earlier.source
        AND top.charge_id = earlier."x_ChargeId"
        AND top.currency = earlier."BillingCurrency"
LEFT JOIN charges_after AS later
    ON
        top.source = later.source
        AND top.charge_id = later."x_ChargeId"
        AND top.currency = later."BillingCurrency"
ORDER BY top.currency, abs(top.difference) DESC, top.change, top.source, top.charge_id
