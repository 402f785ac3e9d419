-- What of each charge is in one bucket and has a key to spread it by, whatever brought it there.
-- grain:  origin_id (a charge x element x rule)
-- params: $bucket text
SELECT
    row_number() OVER () AS origin_id,
    p.source,
    p.charge_id,
    p.link_key,
    p.element,
    p.rule_id,
    sum(p.BilledCost)::DECIMAL(38, 18) AS "BilledCost",
    sum(p.EffectiveCost)::DECIMAL(38, 18) AS "EffectiveCost",
    sum(p.ContractedCost)::DECIMAL(38, 18) AS "ContractedCost",
    sum(p.ListCost)::DECIMAL(38, 18) AS "ListCost",
    sum(p.ConsumedQuantity)::DECIMAL(38, 18) AS "ConsumedQuantity"
FROM parts AS p
SEMI JOIN keys AS k USING (link_key)
WHERE p.bucket = $bucket
GROUP BY p.source, p.charge_id, p.link_key, p.element, p.rule_id
