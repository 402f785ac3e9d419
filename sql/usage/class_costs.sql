-- What the bill's own lines of each token class, of requests and of images cost the model buckets.
-- grain:  currency, model, model_version, unit_class
-- params: none
SELECT b.currency, b.model, b.model_version, c.unit_class, sum(b.effective_cost) AS effective_cost
FROM billed_lines AS b
INNER JOIN billed_counts AS c
    USING (provider, usage_type, meter, description, amount, direction, cache, unit)
WHERE b.bucket IN ('model_version', 'model') AND b.component = 'inference'
  AND b.element IN ('managed_api', 'marketplace')
  AND c.unit_class NOT IN ('instance_hours', 'gigabytes', 'other', 'requests')
GROUP BY ALL
ORDER BY ALL
