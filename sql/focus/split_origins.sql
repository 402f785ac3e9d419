-- The charges that were split: their allocated charges replace them.
-- grain:  charge (source, x_OriginChargeId)
-- params: none (view `allocated`)
SELECT source, "x_OriginChargeId"
FROM allocated
GROUP BY source, "x_OriginChargeId"
HAVING count(*) > 1
