-- The overhead lines that the policy spreads over what they were overhead of.
-- grain:  origin_id (one charge)
-- params: none
SELECT
    row_number() OVER () AS origin_id,
    source,
    x_ChargeId AS charge_id,
    '' AS link_key,
    BillingAccountId,
    BillingCurrency,
    element,
    rule_id,
    BilledCost,
    EffectiveCost,
    ContractedCost,
    ListCost,
    ConsumedQuantity
FROM plain_targets
WHERE bucket = 'overhead'
