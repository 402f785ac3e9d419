-- Machine time and its cost as the ledger split it, per resource and target, and what was watched.
-- Lines that count cores or memory beside the machine cost money and no time.
-- grain:  currency, resource_id, bucket, model, model_version, component
-- params: none
WITH costs AS (
    SELECT
        b.currency,
        coalesce(r.link_key, k.resource_key) AS resource_id,
        b.bucket,
        b.model,
        b.model_version,
        b.component,
        sum(b.effective_cost) AS effective_cost,
        coalesce(
            sum(b.quantity * c.seconds) FILTER (WHERE b.element = 'managed_api' OR m.counts <> 'nothing'), 0
        ) AS seconds_billed
    FROM billed_lines AS b
    INNER JOIN billed_counts AS c
        USING (provider, usage_type, meter, description, amount, direction, cache, unit)
    INNER JOIN resource_keys AS k USING (resource_id)
    LEFT JOIN linked_resources AS r USING (resource_id)
    LEFT JOIN machine_counts AS m USING (rule_id, usage_type, instance_type)
    WHERE c.unit_class = 'instance_hours' AND b.element IN ('hardware', 'managed_api') AND b.resource_id <> ''
    GROUP BY ALL
),
hours AS (
    SELECT
        h.currency,
        h.link_key AS resource_id,
        h.bucket,
        h.model,
        h.model_version,
        h.component,
        coalesce(sum(h.machine_seconds) FILTER (WHERE h.is_watched), 0) AS seconds_watched,
        sum(h.machine_seconds * coalesce(a.milli_gpus, h.milli_gpus)) AS milli_gpu_seconds
    FROM machine_hours AS h
    LEFT JOIN resource_accelerators AS a USING (link_key)
    GROUP BY ALL
)
SELECT
    c.currency,
    c.resource_id,
    c.bucket,
    c.model,
    c.model_version,
    c.component,
    c.effective_cost,
    c.seconds_billed,
    coalesce(h.seconds_watched, 0) AS seconds_watched,
    h.milli_gpu_seconds
FROM costs AS c
LEFT JOIN hours AS h USING (currency, resource_id, bucket, model, model_version, component)
ORDER BY ALL
