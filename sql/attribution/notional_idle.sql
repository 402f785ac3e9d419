-- Each version's share of idle time by the key of use, whoever bears it: analysis, not ledger.
-- grain:  charge_month, source, model, model_version, component, element, usage_type, currency, unit
-- params: $month text
SELECT
    $month AS billing_month,
    o.charge_month,
    o.source,
    c.model,
    c.model_version,
    c.component,
    o.element,
    o.usage_type,
    o.currency,
    o.unit,
    coalesce(sum(s.ConsumedQuantity), 0) AS quantity,
    sum(s.EffectiveCost) AS effective_cost,
    sum(s.ListCost) AS list_cost
FROM split_amounts AS s
INNER JOIN respread AS o USING (origin_id)
INNER JOIN respread_claims AS c USING (origin_id, share)
WHERE c.model <> ''
GROUP BY ALL
ORDER BY ALL
