-- One figure by how it was attributed: method, rule and the evidence that decided.
-- grain:  currency, method, rule_id, evidence
-- params: none (reads figure_charges)
SELECT
    currency,
    method,
    rule_id,
    evidence,
    count(DISTINCT (source, charge_id)) AS charges,
    sum(amount) AS amount
FROM figure_charges
GROUP BY ALL
ORDER BY currency, abs(sum(amount)) DESC, method, rule_id, evidence
