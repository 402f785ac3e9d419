-- The busy share of GPUs and MIG instances, with the pod that holds them. A GPU that no pod holds
-- goes by the name of its node; on a node whose other GPUs or hours have pods, by `(no pod)`.
-- grain:  head_no
-- params: $no_pod text
WITH named AS (
    SELECT
        head_no,
        name,
        labels,
        coalesce(
            labels['exported_namespace'], labels['namespace'], labels['pod_namespace']
        ) AS namespace,
        -- Without honor_labels a scrape of an unassigned GPU bears the exporter's own pod.
        coalesce(
            labels['exported_pod'],
            CASE WHEN NOT contains(labels['pod'], 'dcgm-exporter') THEN labels['pod'] END,
            labels['pod_name']
        ) AS pod,
        coalesce(
            CASE WHEN NOT contains(labels['Hostname'], 'dcgm-exporter') THEN labels['Hostname'] END,
            labels['node'],
            labels['kubernetes_node'],
            labels['nodename'],
            regexp_replace(labels['instance'], ':\d+$', ''),
            server
        ) AS node,
        coalesce(labels['UUID'], labels['uuid'], labels['gpu']) AS gpu,
        labels['GPU_I_ID'] AS part,
        regexp_extract(labels['GPU_I_PROFILE'], '^(\d+)g\.', 1) AS slices,
        CASE WHEN contains(labels['modelName'], 'A30') THEN 4 ELSE 7 END AS slices_of_gpu
    FROM series_heads
    WHERE
        labels IS NOT NULL
        AND name IN ('DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_DEV_GPU_UTIL')
),

placed AS (
    SELECT
        *,
        count(pod) OVER (PARTITION BY node) > 0 AS has_pods
    FROM named
)

SELECT
    head_no,
    concat_ws(chr(31), node, gpu, coalesce(part, '')) AS identity,
    concat_ws(chr(31), node, gpu) AS device,
    'gpu_ms' AS field,
    -- The utilisation of a MIG instance is not measured: the driver has it for whole GPUs alone.
    CASE
        WHEN name = 'DCGM_FI_DEV_GPU_UTIL' AND part IS NOT NULL THEN NULL
        WHEN name = 'DCGM_FI_DEV_GPU_UTIL' THEN 0.01
        ELSE 1.0
    END * fraction AS factor,
    0.0 AS precision,
    CASE WHEN name = 'DCGM_FI_DEV_GPU_UTIL' THEN 100.0 ELSE 1.0 END AS ceiling,
    CASE WHEN name = 'DCGM_FI_DEV_GPU_UTIL' THEN 2 ELSE 1 END AS preference,
    part IS NOT NULL AS is_part,
    'gpu_held_ms' AS held_field,
    fraction AS held_factor,
    {
        'model': CASE
            WHEN pod IS NOT NULL THEN concat_ws('/', namespace, pod)
            WHEN has_pods THEN $no_pod
            ELSE nullif(node, '')
        END,
        'resource_id': nullif(node, '')
    } AS record
FROM (
    SELECT
        *,
        CASE
            WHEN part IS NULL THEN 1.0
            ELSE TRY_CAST(slices AS DOUBLE) / slices_of_gpu
        END AS fraction
    FROM placed
)
