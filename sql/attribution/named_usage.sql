-- The logs' usage, with the ids of resources that logs call by another name.
-- grain:  as core_inference__usage
-- params: none (a view)
SELECT l.* REPLACE (coalesce(n.resource_id, l.resource_id) AS resource_id)
FROM logged_usage AS l
LEFT JOIN resource_names AS n ON n.name = lower(trim(l.resource_id))
