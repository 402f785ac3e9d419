-- The best record each linked record is directly linked with, itself included.
-- grain:  node
-- params: none; table log_edges
SELECT node, min(label) AS label
FROM (
    SELECT child AS node, parent AS label
    FROM log_edges
    UNION ALL
    SELECT parent AS node, parent AS label
    FROM log_edges
)
GROUP BY node
