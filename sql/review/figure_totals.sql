-- One figure by where it ended: bucket, model, version and component.
-- grain:  currency, bucket, model, model_version, component
-- params: none (reads figure_charges)
SELECT
    currency,
    bucket,
    model,
    model_version,
    component,
    count(DISTINCT (source, charge_id)) AS charges,
    sum(amount) AS amount
FROM figure_charges
GROUP BY ALL
ORDER BY currency, bucket, model, model_version, component
