-- What each month of an inspected export holds, and whether its charges are the export's own total.
-- grain:  billing_month, currency
-- params: none (reads inspected_charges, inspected_exports)
WITH charges AS (
    SELECT
        billing_month,
        "BillingCurrency" AS currency,
        count(*) AS charges,
        min("ChargePeriodStart") AS first_charged,
        max("ChargePeriodStart") AS last_charged,
        count(*) FILTER (WHERE charge_month <> billing_month) AS other_charge_months,
        count(*) FILTER (WHERE "ChargeClass" = 'Correction') AS corrections,
        sum("BilledCost") AS billed,
        sum("EffectiveCost") AS effective,
        sum("ContractedCost") AS contracted,
        sum("ListCost") AS list
    FROM inspected_charges
    GROUP BY billing_month, "BillingCurrency"
),

exports AS (
    SELECT
        billing_month,
        "BillingCurrency" AS currency,
        sum(export_total) FILTER (WHERE basis = 'BilledCost') AS billed,
        sum(export_total) FILTER (WHERE basis = 'EffectiveCost') AS effective,
        sum(export_total) FILTER (WHERE basis = 'ContractedCost') AS contracted,
        sum(export_total) FILTER (WHERE basis = 'ListCost') AS list
    FROM inspected_exports
    GROUP BY billing_month, "BillingCurrency"
)

SELECT
    exports.billing_month,
    exports.currency,
    coalesce(charges.charges, 0) AS charges,
    charges.first_charged,
    charges.last_charged,
    coalesce(charges.other_charge_months, 0) AS other_charge_months,
    coalesce(charges.corrections, 0) AS corrections,
    exports.billed,
    exports.effective,
    exports.contracted,
    exports.list,
    abs(coalesce(charges.billed, 0) - exports.billed)
    + abs(coalesce(charges.effective, 0) - exports.effective)
    + abs(coalesce(charges.contracted, 0) - exports.contracted)
    + abs(coalesce(charges.list, 0) - exports.list) AS difference
FROM exports
LEFT JOIN charges
    ON
        exports.billing_month = charges.billing_month
        AND exports.currency = charges.currency
ORDER BY exports.billing_month, exports.currency
