-- The calls of Bedrock's model invocation log: fresh and cached input tokens added up.
-- grain:  file_no, line
-- params: none
SELECT
    file_no,
    line,
    coalesce(
        wrong,
        CASE
            WHEN r.input.inputTokenCount IS NOT NULL AND fresh IS NULL
                THEN 'input_tokens|not a number'
            WHEN fresh < 0 THEN 'input_tokens|negative'
        END
    ) AS wrong,
    'aws' AS provider,
    r.accountId AS account_id,
    r.region AS region,
    r.requestId AS request_id,
    r.requestId AS response_id,
    coalesce(r.requestMetadata.traceId, r.requestMetadata.trace_id) AS trace_id,
    r.timestamp AS started_at,
    r.modelId AS model,
    CASE
        WHEN
            starts_with(r.modelId, 'arn:')
            AND regexp_matches(
                r.modelId,
                ':(application-inference-profile|provisioned-model|custom-model'
                || '|custom-model-deployment|imported-model|endpoint)/'
            )
            THEN r.modelId
    END AS resource_id,
    r.operation AS operation,
    r.requestMetadata.tenant AS tenant,
    coalesce(r.requestMetadata.use_case, r.requestMetadata.useCase) AS use_case,
    nullif(r.performanceConfig.latency, 'standard') AS service_tier,
    CASE
        WHEN r.errorCode IS NULL THEN r.status
        WHEN r.errorCode ILIKE 'Throttl%' OR r.errorCode ILIKE 'TooManyRequests%' THEN 'throttled'
        ELSE r.errorCode
    END AS status,
    fresh
    + coalesce(TRY_CAST(r.input.cacheReadInputTokenCount AS DECIMAL(18, 4)), 0)
    + coalesce(TRY_CAST(r.input.cacheWriteInputTokenCount AS DECIMAL(18, 4)), 0) AS input_tokens,
    r.input.cacheReadInputTokenCount AS input_tokens_cache_read,
    r.input.cacheWriteInputTokenCount AS input_tokens_cache_write,
    r.output.outputTokenCount AS output_tokens
FROM (
    SELECT
        file_no,
        line,
        r,
        wrong,
        TRY_CAST(r.input.inputTokenCount AS DECIMAL(18, 4)) AS fresh
    FROM log_lines
)
