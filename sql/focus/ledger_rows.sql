-- The ledger as the dataset shows it: what the organisation's commitment pool moved to or from a charge is no part of
-- that charge, which its provider billed without it; each such row stands for a charge of its own.
-- grain:  allocated charge
-- params: none (view `ledger`)
SELECT
    * REPLACE (
        CASE
            WHEN rule_id = 'commitment-pool'
                THEN "x_OriginChargeId" || '-pool-' || md5(concat_ws(
                    '|', bucket, model, model_version, component, element, method, evidence, owner
                ))
            ELSE "x_OriginChargeId"
        END AS "x_OriginChargeId"
    )
FROM ledger
