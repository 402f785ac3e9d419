-- The calls of models that API Management logged: of a call's rows the one with its tokens.
-- grain:  file_no, line
-- params: none
SELECT
    file_no,
    line,
    wrong,
    CASE
        WHEN wrong IS NOT NULL THEN NULL
        WHEN TRY_CAST(part AS INTEGER) > 0 THEN 'a part of a prompt or an answer'
        WHEN
            model IS NULL
            AND deployment IS NULL
            AND coalesce(input_tokens, '0') = '0'
            AND coalesce(output_tokens, '0') = '0'
            THEN 'no model was called'
    END AS left_out,
    'azure' AS provider,
    model,
    deployment AS model_ref,
    operation,
    correlation_id AS request_id,
    correlation_id AS trace_id,
    response_id,
    input_tokens,
    output_tokens,
    coalesce(
        logged_at,
        -- As the portal writes it, whose header says that it is UTC.
        TRY_STRPTIME(portal_time, '%m/%d/%Y, %I:%M:%S.%f %p')::VARCHAR || 'Z',
        CASE WHEN portal_time LIKE '%Z' THEN portal_time ELSE portal_time || 'Z' END
    ) AS started_at
FROM (
    SELECT
        file_no,
        line,
        wrong,
        coalesce(r.time, r.TimeGenerated) AS logged_at,
        r."TimeGenerated [UTC]" AS portal_time,
        coalesce(r.properties.sequenceNumber, r.sequenceNumber) AS part,
        nullif(coalesce(r.properties.modelName, r.modelName), '') AS model,
        nullif(coalesce(r.properties.deploymentName, r.deploymentName), '') AS deployment,
        coalesce(r.properties.operationName, r.operationName) AS operation,
        coalesce(r.properties.correlationId, r.correlationId) AS correlation_id,
        nullif(coalesce(r.properties.requestId, r.requestId), '') AS response_id,
        nullif(coalesce(r.properties.promptTokens, r.promptTokens), '') AS input_tokens,
        nullif(coalesce(r.properties.completionTokens, r.completionTokens), '') AS output_tokens
    FROM log_lines
)
