-- When the version of a pod rolls out: as its deployments on patterns say, or those without a resource.
-- grain:  link_key (the pod), model, model_version, valid_from
-- params: none
SELECT DISTINCT p.link_key, r.model, r.model_version, r.valid_from, r.valid_until
FROM pod_links AS p
INNER JOIN rollouts AS r USING (model, model_version)
WHERE p.kind = 'deployment'
  AND CASE
      WHEN r.link_key = '' THEN true
      WHEN contains(r.link_key, '*') OR contains(r.link_key, '?')
          THEN regexp_full_match(
              p.link_key, replace(replace(regexp_escape(r.link_key), '\*', '.*'), '\?', '.')
          )
      ELSE false
  END
