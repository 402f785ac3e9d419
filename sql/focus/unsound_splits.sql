-- Split charges whose ratios do not add up to exactly 1. A charge that is one row is no split of ours.
-- grain:  split charge (source, x_OriginChargeId)
-- params: none (view `checked`)
SELECT
    "x_SourceName" AS source,
    "x_OriginChargeId" AS charge_id,
    sum(("AllocatedMethodDetails"::JSON ->> '/Elements/0/AllocatedRatio')::DECIMAL(38, 12)) AS ratios
FROM checked
WHERE "AllocatedMethodDetails" IS NOT NULL
GROUP BY source, charge_id
HAVING count(*) > 1
    AND sum(("AllocatedMethodDetails"::JSON ->> '/Elements/0/AllocatedRatio')::DECIMAL(38, 12)) <> 1
