-- How often the calls of a source, by where they went, are linked with what a better source calls
-- them, by the seconds that lie between the two.
-- grain:  source_no, provider, account_id, region, resource_id, model, better_no, better_provider, better_model, skew_seconds
-- params: none; table log_labels, view log_members
SELECT
    others.source_no,
    others.provider,
    others.account_id,
    others.region,
    others.resource_id,
    others.model,
    better.source_no AS better_no,
    better.provider AS better_provider,
    better.model AS better_model,
    (epoch_us(better.started_at) - epoch_us(others.started_at)) // 1000000 AS skew_seconds,
    count(*) AS linked
FROM log_labels AS labels
JOIN log_members AS others ON labels.node = others.node
JOIN log_members AS better ON labels.label = better.node
WHERE labels.label >> 60 < labels.node >> 60
GROUP BY ALL
