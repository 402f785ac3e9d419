-- What an inspected export is spent on, and why that is AI or not, with an empty catalogue.
-- grain:  currency, kind, service
-- params: none (reads inspected_parts)
SELECT
    "BillingCurrency" AS currency,
    CASE
        WHEN bucket IN ('overhead', 'commitment') THEN bucket
        WHEN bucket = 'not_ai' THEN 'not AI'
        ELSE 'AI'
    END AS kind,
    "ServiceName" AS service,
    string_agg(DISTINCT nullif(evidence, ''), ', ' ORDER BY nullif(evidence, '')) AS evidence,
    count(DISTINCT (billing_month, source, "x_OriginChargeId")) AS lines,
    sum("BilledCost") AS billed,
    sum("EffectiveCost") AS effective
FROM inspected_parts
GROUP BY ALL
ORDER BY currency, kind, abs(sum("EffectiveCost")) DESC, service
