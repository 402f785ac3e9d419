-- What the other logs of a call know that the counted one lacks: the best log's word first. Tokens
-- come from one record, and are taken apart further only where the totals agree.
-- grain:  part_no, row
-- params: none; table log_labels, view log_members
WITH told AS (
    SELECT
        labels.label,
        arg_min(others.tenant, struct_pack(at_ := others.node >> 56, since := others.started_at, node := others.node)) AS tenant,
        arg_min(others.use_case, struct_pack(at_ := others.node >> 56, since := others.started_at, node := others.node)) AS use_case,
        arg_min(
            nullif(others.resource_id, ''),
            struct_pack(at_ := others.node >> 56, since := others.started_at, node := others.node)
        ) AS resource_id,
        arg_min(others.model_version, struct_pack(at_ := others.node >> 56, since := others.started_at, node := others.node)) AS model_version,
        arg_min(others.service_tier, struct_pack(at_ := others.node >> 56, since := others.started_at, node := others.node)) AS service_tier,
        arg_min(others.images, struct_pack(at_ := others.node >> 56, since := others.started_at, node := others.node)) AS images,
        arg_min(others.gpu_ms, struct_pack(at_ := others.node >> 56, since := others.started_at, node := others.node)) AS gpu_ms,
        arg_min(
            CASE
                WHEN others.input_tokens IS NOT NULL OR others.output_tokens IS NOT NULL
                    THEN struct_pack(
                        input := others.input_tokens,
                        cache_read := others.input_tokens_cache_read,
                        cache_write := others.input_tokens_cache_write,
                        output := others.output_tokens,
                        reasoning := others.output_tokens_reasoning
                    )
            END,
            struct_pack(at_ := others.node >> 56, since := others.started_at, node := others.node)
        ) AS tokens
    FROM log_labels AS labels
    JOIN log_members AS others ON labels.node = others.node
    WHERE labels.label >> 56 < labels.node >> 56
    GROUP BY labels.label
)

SELECT
    ((label >> 36) & 1048575)::INTEGER AS part_no,
    label & 68719476735 AS row,
    tenant,
    use_case,
    resource_id,
    model_version,
    service_tier,
    images,
    gpu_ms,
    tokens.input AS input_tokens,
    tokens.cache_read AS input_tokens_cache_read,
    tokens.cache_write AS input_tokens_cache_write,
    tokens.output AS output_tokens,
    tokens.reasoning AS output_tokens_reasoning
FROM told
WHERE
    coalesce(tenant, use_case, resource_id, model_version, service_tier) IS NOT NULL
    OR coalesce(images, gpu_ms) IS NOT NULL
    OR tokens IS NOT NULL
ORDER BY part_no, row
