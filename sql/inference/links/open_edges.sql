-- Links whose two records do not know the same best record yet.
-- grain:  child, parent
-- params: none; tables log_edges, log_labels
SELECT
    edges.child,
    edges.parent,
    least(children.label, parents.label) AS label
FROM log_edges AS edges
JOIN log_labels AS children ON edges.child = children.node
JOIN log_labels AS parents ON edges.parent = parents.node
WHERE children.label <> parents.label
