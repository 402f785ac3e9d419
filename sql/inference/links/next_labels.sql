-- The best record of each linked record, one link further.
-- grain:  node
-- params: none; tables log_labels, log_open_edges
SELECT
    labels.node,
    least(labels.label, coalesce(better.label, labels.label)) AS label
FROM log_labels AS labels
LEFT JOIN (
    SELECT node, min(label) AS label
    FROM (
        SELECT child AS node, label
        FROM log_open_edges
        UNION ALL
        SELECT parent AS node, label
        FROM log_open_edges
    )
    GROUP BY node
) AS better ON labels.node = better.node
