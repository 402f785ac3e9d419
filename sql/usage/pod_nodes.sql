-- The node that a container split row's pod ran on, where that was one only.
-- grain:  pod_key
-- params: none
SELECT
    coalesce(pr.link_key, pk.resource_key) AS pod_key,
    min(coalesce(nr.link_key, nk.resource_key)) AS node_key
FROM (SELECT DISTINCT ResourceId, x_ParentResourceId FROM split_shares) AS s
INNER JOIN resource_keys AS pk ON pk.resource_id = s.ResourceId
INNER JOIN resource_keys AS nk ON nk.resource_id = s.x_ParentResourceId
LEFT JOIN linked_resources AS pr ON pr.resource_id = s.ResourceId
LEFT JOIN linked_resources AS nr ON nr.resource_id = s.x_ParentResourceId
GROUP BY pod_key
HAVING count(DISTINCT coalesce(nr.link_key, nk.resource_key)) = 1
