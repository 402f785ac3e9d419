-- What pods held of their nodes, from an instant until another. A pod still running at the end of one
-- file and listed with its end in another is one allocation: the later end counts.
-- grain:  file_no, line
-- params: none (view `pod_lines`: the lines with `starts` and `ends` as instants)
WITH read AS (
    SELECT
        file_no,
        line,
        r,
        starts,
        ends,
        coalesce(nullif(trim(r.node), ''), nullif(trim(r.provider_id), '')) AS node,
        CASE
            WHEN coalesce(trim(r.namespace), '') = '' THEN trim(r.pod)
            ELSE trim(r.namespace) || '/' || trim(r.pod)
        END AS pod,
        -- in millionths of one GPU and of one vCPU, and in bytes
        CASE
            WHEN r.gpus IS NOT NULL
                THEN (TRY_CAST(r.gpus AS DECIMAL(24, 6)) * 1000000)::HUGEINT
                    * coalesce(TRY_CAST(r.gpu_milli AS DECIMAL(24, 3)), 1000)::HUGEINT // 1000
            ELSE (TRY_CAST(r.gpu_milli AS DECIMAL(24, 3)) * 1000)::HUGEINT
        END AS gpus,
        CASE
            WHEN r.vcpus IS NOT NULL THEN (TRY_CAST(r.vcpus AS DECIMAL(24, 6)) * 1000000)::HUGEINT
            WHEN r.cpu LIKE '%m' THEN (TRY_CAST(rtrim(r.cpu, 'm') AS DECIMAL(24, 3)) * 1000)::HUGEINT
            ELSE (TRY_CAST(r.cpu AS DECIMAL(24, 6)) * 1000000)::HUGEINT
        END AS vcpus,
        CASE
            WHEN r.memory_gib IS NOT NULL
                THEN (TRY_CAST(r.memory_gib AS DECIMAL(24, 6)) * 1000000)::HUGEINT * 1073741824 // 1000000
            ELSE
                (TRY_CAST(regexp_extract(r.memory, '^([0-9.]+)(?:[KMGTP]i|[kMGTP])?$', 1) AS DECIMAL(24, 6))
                    * 1000000)::HUGEINT
                * CASE regexp_extract(r.memory, '^[0-9.]+([KMGTP]i|[kMGTP])?$', 1)
                    WHEN 'Ki' THEN 1024
                    WHEN 'Mi' THEN 1048576
                    WHEN 'Gi' THEN 1073741824
                    WHEN 'Ti' THEN 1099511627776
                    WHEN 'Pi' THEN 1125899906842624
                    WHEN 'k' THEN 1000
                    WHEN 'M' THEN 1000000
                    WHEN 'G' THEN 1000000000
                    WHEN 'T' THEN 1000000000000
                    WHEN 'P' THEN 1000000000000000
                    ELSE 1
                END::HUGEINT // 1000000
        END AS bytes
    FROM pod_lines
),
judged AS (
    SELECT
        *,
        CASE
            WHEN starts IS NOT NULL AND ends IS NOT NULL THEN greatest(0, epoch_us(ends) - epoch_us(starts))
        END::HUGEINT AS us,
        CASE
            WHEN coalesce(pod, '') = '' THEN 'model|missing'
            WHEN gpus IS NULL AND (r.gpus IS NOT NULL OR r.gpu_milli IS NOT NULL)
                THEN 'gpu_held_ms|not a number'
            WHEN vcpus IS NULL AND (r.vcpus IS NOT NULL OR r.cpu IS NOT NULL) THEN 'vcpu_ms|not a number'
            WHEN bytes IS NULL AND (r.memory_gib IS NOT NULL OR r.memory IS NOT NULL)
                THEN 'memory_gib_ms|not a number'
            WHEN gpus < 0 THEN 'gpu_held_ms|negative'
            WHEN vcpus < 0 THEN 'vcpu_ms|negative'
            WHEN bytes < 0 THEN 'memory_gib_ms|negative'
        END AS wrong,
        CASE
            WHEN coalesce(r."from", '') = '' AND coalesce(r.until, '') = '' THEN 'never scheduled'
            WHEN coalesce(pod, '') <> ''
                AND row_number() OVER (
                    PARTITION BY node, pod, r.container, starts
                    ORDER BY r.until IS NULL, ends DESC, file_no DESC, line DESC
                ) > 1
                THEN 'duplicate'
        END AS left_out
    FROM read
)
SELECT
    file_no,
    line,
    wrong,
    left_out,
    'allocation' AS grain,
    0 AS requests,
    r."from" AS started_at,
    coalesce(r.until, ends::VARCHAR || 'Z') AS ended_at,
    pod AS model,
    -- a node's providerID (`aws:///us-east-1a/i-0abc`) is the bill's instance
    CASE
        WHEN regexp_matches(node, '^(aws|gce)://') THEN split_part(node, '/', -1)
        ELSE regexp_replace(node, '^azure://', '')
    END AS resource_id,
    r.qos AS service_tier,
    r.tenant,
    r.account_id,
    r.region,
    gpus * us // 1000000 * 0.001::DECIMAL(4, 3) AS gpu_held_ms,
    vcpus * us // 1000000 * 0.001::DECIMAL(4, 3) AS vcpu_ms,
    bytes * us // 1073741824 * 0.001::DECIMAL(4, 3) AS memory_gib_ms
FROM judged
