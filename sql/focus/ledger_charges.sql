-- The charges of the bill, and an adjustment for every row of the organisation's commitment pool: without a
-- quantity, a price or a commitment of its own.
-- grain:  charge (source, x_ChargeId)
-- params: none (views `bill_charges` and `allocated`)
SELECT * FROM bill_charges
UNION ALL BY NAME
SELECT
    c.* REPLACE (
        p."x_OriginChargeId" AS "x_ChargeId",
        'Adjustment' AS "ChargeCategory",
        NULL AS "ChargeClass",
        'One-Time' AS "ChargeFrequency",
        'Share of the commitments of the organisation' AS "ChargeDescription",
        NULL AS "SkuId",
        NULL AS "SkuMeter",
        NULL AS "SkuPriceId",
        NULL AS "SkuPriceDetails",
        NULL AS "PricingCategory",
        NULL AS "PricingQuantity",
        NULL AS "PricingUnit",
        NULL AS "ListUnitPrice",
        NULL AS "ContractedUnitPrice",
        NULL AS "CommitmentDiscountCategory",
        NULL AS "CommitmentDiscountId",
        NULL AS "CommitmentDiscountName",
        NULL AS "CommitmentDiscountType",
        NULL AS "CommitmentDiscountStatus",
        NULL AS "CommitmentDiscountQuantity",
        NULL AS "CommitmentDiscountUnit",
        NULL AS "ConsumedQuantity",
        NULL AS "ConsumedUnit",
        p."BilledCost" AS "BilledCost",
        p."EffectiveCost" AS "EffectiveCost",
        p."ContractedCost" AS "ContractedCost",
        p."ListCost" AS "ListCost"
    )
FROM allocated AS p
INNER JOIN bill_charges AS c
    ON c.source = p.source AND c."x_ChargeId" = split_part(p."x_OriginChargeId", '-pool-', 1)
WHERE p.rule_id = 'commitment-pool'
