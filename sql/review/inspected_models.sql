-- The models an inspected export names by itself, and how it names them.
-- grain:  currency, model, model_version, evidence
-- params: none (reads inspected_parts)
SELECT
    "BillingCurrency" AS currency,
    model,
    model_version,
    evidence,
    string_agg(DISTINCT nullif(component, ''), ', ' ORDER BY nullif(component, '')) AS components,
    count(DISTINCT (billing_month, source, "x_OriginChargeId")) AS lines,
    sum("BilledCost") AS billed,
    sum("EffectiveCost") AS effective
FROM inspected_parts
WHERE model <> ''
GROUP BY "BillingCurrency", model, model_version, evidence
ORDER BY currency, abs(sum("EffectiveCost")) DESC, model, model_version, evidence
