-- Each version's share of idle time by the key of use, whoever bears it: analysis, not ledger.
-- grain:  charge_month, source, model, model_version, component, element, currency, unit
-- params: $month text
SELECT
    $month AS billing_month,
    c.charge_month,
    c.source,
    s.model,
    s.model_version,
    s.component,
    s.element,
    c.BillingCurrency AS currency,
    coalesce(c.ConsumedUnit, '') AS unit,
    coalesce(sum(s.ConsumedQuantity), 0) AS quantity,
    sum(s.EffectiveCost) AS effective_cost
FROM spread_idle AS s
INNER JOIN charges AS c ON c.source = s.source AND c.x_ChargeId = s.charge_id
WHERE s.model <> ''
GROUP BY ALL
ORDER BY ALL
