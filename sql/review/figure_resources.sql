-- One figure by what was billed: resource, usage type and element.
-- grain:  currency, service, resource_id, usage_type, element
-- params: none (reads figure_charges)
SELECT
    currency,
    service,
    resource_id,
    usage_type,
    element,
    unit,
    count(DISTINCT (source, charge_id)) AS charges,
    sum(quantity) AS quantity,
    sum(amount) AS amount
FROM figure_charges
GROUP BY ALL
ORDER BY currency, abs(sum(amount)) DESC, service, resource_id, usage_type, element, unit
