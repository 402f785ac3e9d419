-- No notes, in the columns of notes.
-- grain:  part_no, row
-- params: none
SELECT
    0 AS part_no,
    0::BIGINT AS row,
    '' AS tenant,
    '' AS use_case,
    '' AS resource_id,
    '' AS model_version,
    '' AS service_tier,
    0::BIGINT AS images,
    0::DECIMAL(18, 3) AS gpu_ms,
    0::BIGINT AS input_tokens,
    0::BIGINT AS input_tokens_cache_read,
    0::BIGINT AS input_tokens_cache_write,
    0::BIGINT AS output_tokens,
    0::BIGINT AS output_tokens_reasoning
WHERE false
