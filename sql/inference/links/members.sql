-- What the linked records of one source can tell the others of the same call: one share of them.
-- grain:  node
-- params: $source integer, $rank integer, $shares integer, $share integer; view log_linkable, tables log_labels, log_nested
SELECT
    node,
    $source::UTINYINT AS source_no,
    started_at,
    provider,
    account_id,
    region,
    resource_id,
    model,
    nullif(trim(model_version), '') AS model_version,
    nullif(trim(tenant), '') AS tenant,
    nullif(trim(use_case), '') AS use_case,
    nullif(trim(service_tier), '') AS service_tier,
    input_tokens,
    input_tokens_cache_read,
    input_tokens_cache_write,
    output_tokens,
    output_tokens_reasoning,
    images,
    gpu_ms
FROM log_linkable
WHERE
    node % $shares = $share
    AND node IN (
        SELECT node
        FROM log_labels
        WHERE node >> 60 = $rank AND node % $shares = $share
        UNION ALL
        SELECT node
        FROM log_nested
        WHERE node >> 60 = $rank AND node % $shares = $share
    )
