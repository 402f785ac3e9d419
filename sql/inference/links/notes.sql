-- What the other logs of a call know that the counted one lacks: the best log's word first. Tokens
-- are those of one record: -1 stands for what that record has not.
-- grain:  part_no, row
-- params: none; table log_labels, view log_members
WITH told AS (
    SELECT
        label,
        arg_min(tenant, node) AS tenant,
        arg_min(use_case, node) AS use_case,
        arg_min(nullif(resource_id, ''), node) AS resource_id,
        arg_min(model_version, node) AS model_version,
        arg_min(service_tier, node) AS service_tier,
        arg_min(images, node) AS images,
        arg_min(gpu_ms, node) AS gpu_ms,
        arg_min(coalesce(input_tokens, -1), measured_node) AS input_tokens,
        arg_min(coalesce(input_tokens_cache_read, -1), measured_node) AS input_tokens_cache_read,
        arg_min(coalesce(input_tokens_cache_write, -1), measured_node) AS input_tokens_cache_write,
        arg_min(coalesce(output_tokens, -1), measured_node) AS output_tokens,
        arg_min(coalesce(output_tokens_reasoning, -1), measured_node) AS output_tokens_reasoning
    FROM (
        SELECT
            others.*,
            labels.label,
            CASE
                WHEN others.input_tokens IS NOT NULL OR others.output_tokens IS NOT NULL
                    THEN others.node
            END AS measured_node
        FROM log_labels AS labels
        JOIN log_members AS others ON labels.node = others.node
        WHERE labels.label >> 60 < labels.node >> 60
    )
    GROUP BY label
)

SELECT
    ((label >> 32) & 524287)::INTEGER AS part_no,
    label & 4294967295 AS row,
    tenant,
    use_case,
    resource_id,
    model_version,
    service_tier,
    images,
    gpu_ms,
    nullif(input_tokens, -1) AS input_tokens,
    nullif(input_tokens_cache_read, -1) AS input_tokens_cache_read,
    nullif(input_tokens_cache_write, -1) AS input_tokens_cache_write,
    nullif(output_tokens, -1) AS output_tokens,
    nullif(output_tokens_reasoning, -1) AS output_tokens_reasoning
FROM told
WHERE
    coalesce(tenant, use_case, resource_id, model_version, service_tier) IS NOT NULL
    OR coalesce(images, gpu_ms, input_tokens) IS NOT NULL
ORDER BY part_no, row
