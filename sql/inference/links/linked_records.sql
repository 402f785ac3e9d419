-- The records of one part, with what other logs know of the same calls, and whether they are counted
-- here or in a better log. Parts of a total are only taken from a log that has the same total.
-- grain:  row
-- params: none; variable log_part, views unlinked_records, log_notes, log_seen_elsewhere
SELECT
    records.* REPLACE (
        coalesce(nullif(trim(records.tenant), ''), notes.tenant) AS tenant,
        coalesce(nullif(trim(records.use_case), ''), notes.use_case) AS use_case,
        coalesce(nullif(trim(records.resource_id), ''), notes.resource_id) AS resource_id,
        coalesce(nullif(trim(records.model_version), ''), notes.model_version) AS model_version,
        coalesce(nullif(trim(records.service_tier), ''), notes.service_tier) AS service_tier,
        coalesce(records.images, notes.images) AS images,
        coalesce(records.gpu_ms, notes.gpu_ms) AS gpu_ms,
        coalesce(
            records.input_tokens,
            CASE WHEN records.output_tokens IS NULL THEN notes.input_tokens END
        ) AS input_tokens,
        coalesce(
            records.output_tokens,
            CASE WHEN records.input_tokens IS NULL THEN notes.output_tokens END
        ) AS output_tokens,
        CASE
            WHEN
                records.input_tokens_cache_read IS NULL AND records.input_tokens_cache_write IS NULL
                AND coalesce(records.input_tokens, notes.input_tokens) = notes.input_tokens
                AND (records.input_tokens IS NOT NULL OR records.output_tokens IS NULL)
                THEN notes.input_tokens_cache_read
            ELSE records.input_tokens_cache_read
        END AS input_tokens_cache_read,
        CASE
            WHEN
                records.input_tokens_cache_read IS NULL AND records.input_tokens_cache_write IS NULL
                AND coalesce(records.input_tokens, notes.input_tokens) = notes.input_tokens
                AND (records.input_tokens IS NOT NULL OR records.output_tokens IS NULL)
                THEN notes.input_tokens_cache_write
            ELSE records.input_tokens_cache_write
        END AS input_tokens_cache_write,
        CASE
            WHEN
                records.output_tokens_reasoning IS NULL
                AND coalesce(records.output_tokens, notes.output_tokens) = notes.output_tokens
                AND (records.output_tokens IS NOT NULL OR records.input_tokens IS NULL)
                THEN notes.output_tokens_reasoning
            ELSE records.output_tokens_reasoning
        END AS output_tokens_reasoning
    ),
    records.row NOT IN (
        SELECT row FROM log_seen_elsewhere WHERE part_no = getvariable('log_part')
    ) AS is_counted
FROM unlinked_records AS records
LEFT JOIN (SELECT * FROM log_notes WHERE part_no = getvariable('log_part')) AS notes
    ON records.row = notes.row
