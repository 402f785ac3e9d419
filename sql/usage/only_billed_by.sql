-- The models that exactly one provider bills by tokens, requests or images.
-- grain:  model
-- params: none
SELECT b.model, min(w.word) AS provider
FROM billed_lines AS b
INNER JOIN billed_counts AS c
    USING (provider, usage_type, meter, description, amount, direction, cache, unit)
INNER JOIN provider_words AS w ON w.name = b.provider
WHERE b.model <> '' AND b.element IN ('managed_api', 'marketplace')
  AND c.unit_class NOT IN ('instance_hours', 'gigabytes', 'other')
GROUP BY b.model
HAVING min(w.word) = max(w.word)
