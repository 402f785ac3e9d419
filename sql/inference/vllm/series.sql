-- vLLM's counters: what each counts, for which model on which server. An engine of a server counts
-- for itself; scraping it under several job names counts once.
-- grain:  head_no
-- params: none
WITH named AS (
    SELECT
        head_no,
        labels,
        server,
        regexp_extract(name, '^(?:[a-z]+_)?vllm[:_](.*?)(?:_total)?$', 1) AS counter
    FROM series_heads
    WHERE labels IS NOT NULL
),

known AS (
    SELECT
        *,
        CASE counter
            WHEN 'prompt_tokens' THEN 'input_tokens'
            WHEN 'generation_tokens' THEN 'output_tokens'
            WHEN 'prefix_cache_hits' THEN 'input_tokens_cache_read'
            WHEN 'gpu_prefix_cache_hits' THEN 'input_tokens_cache_read'
            WHEN 'request_success' THEN 'requests'
        END AS field,
        labels['namespace'] AS namespace,
        coalesce(labels['pod'], labels['exported_pod']) AS pod,
        coalesce(
            labels['instance_id'],
            labels['node'],
            labels['kubernetes_node'],
            labels['nodename'],
            labels['hostname'],
            labels['Hostname']
        ) AS node,
        labels['instance'] AS instance
    FROM named
)

SELECT
    head_no,
    concat_ws(
        chr(31),
        field,
        coalesce(labels['model_name'], ''),
        coalesce(labels['engine'], ''),
        coalesce(labels['finished_reason'], ''),
        coalesce(labels['cluster'], ''),
        coalesce(namespace, ''),
        coalesce(pod, instance, node, server)
    ) AS identity,
    '' AS device,
    field,
    1.0 AS factor,
    1.0 AS precision,
    NULL::DOUBLE AS ceiling,
    1 AS preference,
    true AS is_part,
    NULL::VARCHAR AS held_field,
    NULL::DOUBLE AS held_factor,
    {
        'model': labels['model_name'],
        'resource_id': coalesce(
            node,
            CASE WHEN namespace IS NULL THEN pod ELSE concat(namespace, '/', pod) END,
            regexp_replace(instance, ':\d+$', ''),
            nullif(server, '')
        ),
        'operation': NULL::VARCHAR,
        'status': CASE
            WHEN labels['finished_reason'] IN ('stop', 'length', 'repetition') THEN NULL
            ELSE labels['finished_reason']
        END
    } AS record
FROM known
WHERE
    field IS NOT NULL
    -- From 0.9 to 0.11 the same hits are counted under both names.
    AND (
        counter <> 'gpu_prefix_cache_hits'
        OR NOT EXISTS (SELECT 1 FROM named AS other WHERE other.counter = 'prefix_cache_hits')
    )
