-- The captured calls of SageMaker endpoints; of an answer only its id and its token counts.
-- grain:  file_no, line
-- params: none
SELECT
    file_no,
    line,
    wrong,
    'aws' AS provider,
    inferenceTime AS started_at,
    CASE WHEN is_placed THEN endpoint || '/' || split_part(file, '/', -6) END AS model,
    CASE WHEN is_placed THEN 'endpoint/' || endpoint END AS resource_id,
    eventId AS request_id,
    inferenceId AS trace_id,
    answer.id AS response_id,
    coalesce(answer.usage.prompt_tokens, answer.usage.input_tokens) AS input_tokens,
    answer.usage.prompt_tokens_details.cached_tokens AS input_tokens_cache_read,
    coalesce(answer.usage.completion_tokens, answer.usage.output_tokens) AS output_tokens,
    answer.usage.completion_tokens_details.reasoning_tokens AS output_tokens_reasoning
FROM (
    SELECT
        file_no,
        line,
        file,
        wrong,
        r.eventMetadata.inferenceTime AS inferenceTime,
        r.eventMetadata.eventId AS eventId,
        r.eventMetadata.inferenceId AS inferenceId,
        split_part(file, '/', -7) AS endpoint,
        -- ENDPOINT/VARIANT/yyyy/mm/dd/hh/UUID.jsonl
        split_part(file, '/', -7) <> '' AND length(split_part(file, '/', -5)) = 4 AS is_placed,
        TRY(
            from_json(
                CASE r.captureData.endpointOutput.encoding
                    WHEN 'BASE64' THEN decode(from_base64(r.captureData.endpointOutput.data))
                    WHEN 'JSON' THEN r.captureData.endpointOutput.data
                END,
                '{"id": "VARCHAR", "usage": {"prompt_tokens": "VARCHAR", '
                || '"completion_tokens": "VARCHAR", "input_tokens": "VARCHAR", '
                || '"output_tokens": "VARCHAR", '
                || '"prompt_tokens_details": {"cached_tokens": "VARCHAR"}, '
                || '"completion_tokens_details": {"reasoning_tokens": "VARCHAR"}}}'
            )
        ) AS answer
    FROM log_lines
)
