-- The calls of Azure OpenAI's diagnostic log, as a storage account or Log Analytics has them.
-- grain:  file_no, line
-- params: none
SELECT
    file_no,
    line,
    wrong,
    CASE
        WHEN wrong IS NOT NULL THEN NULL
        WHEN category <> 'RequestResponse' THEN 'another category of log'
        WHEN model IS NULL AND deployment IS NULL THEN 'no model was called'
    END AS left_out,
    'azure' AS provider,
    regexp_extract(resource, '/subscriptions/([^/]+)', 1) AS account_id,
    region,
    resource AS resource_id,
    model,
    deployment AS model_ref,
    facts.modelVersion AS model_version,
    operation,
    correlation_id AS request_id,
    correlation_id AS trace_id,
    status,
    CASE
        -- Ticks of 100 ns since the year 1; the second line is 1970 in them.
        WHEN ticks > 621355968000000000
            THEN make_timestamp((ticks - 621355968000000000) // 10)::VARCHAR || 'Z'
        WHEN logged_at IS NOT NULL THEN logged_at
        ELSE
            coalesce(
                -- As the portal writes it, whose header says that it is UTC.
                TRY_STRPTIME(portal_time, '%m/%d/%Y, %I:%M:%S.%f %p')::VARCHAR || 'Z',
                CASE WHEN portal_time LIKE '%Z' THEN portal_time ELSE portal_time || 'Z' END
            )
    END AS started_at
FROM (
    SELECT
        *,
        nullif(facts.modelName, '') AS model,
        nullif(facts.modelDeploymentName, '') AS deployment,
        TRY_CAST(facts.requestTime AS BIGINT) AS ticks
    FROM (
        SELECT
            file_no,
            line,
            wrong,
            coalesce(r.time, r.TimeGenerated) AS logged_at,
            r."TimeGenerated [UTC]" AS portal_time,
            r.category AS category,
            r.operationName AS operation,
            r.correlationId AS correlation_id,
            r.resultSignature AS status,
            coalesce(r.location, r.location_s) AS region,
            lower(coalesce(r.resourceId, r._ResourceId)) AS resource,
            TRY(
                from_json(
                    coalesce(r.properties, r.properties_s),
                    '{"requestTime": "VARCHAR", "modelName": "VARCHAR", "modelVersion": "VARCHAR", '
                    || '"modelDeploymentName": "VARCHAR"}'
                )
            ) AS facts
        FROM log_lines
    )
)
