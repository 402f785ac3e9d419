-- The parts of split charges: whose they are, why, and the exact amounts.
-- grain:  origin_id, share (a charge x bucket x model x version x component x method)
-- params: none (tables `origins`, `shares` and `split_amounts`)
SELECT
    o.source,
    o.charge_id,
    o.link_key,
    c.bucket,
    c.model,
    c.model_version,
    c.component,
    o.element,
    c.method,
    o.rule_id,
    c.evidence,
    s.BilledCost,
    s.EffectiveCost,
    s.ContractedCost,
    s.ListCost,
    s.ConsumedQuantity
FROM split_amounts AS s
INNER JOIN origins AS o USING (origin_id)
INNER JOIN shares AS c USING (origin_id, share)
