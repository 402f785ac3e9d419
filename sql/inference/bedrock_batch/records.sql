-- The records of Bedrock's batch outputs, with what the descriptions of their jobs say of them.
-- grain:  file_no, line
-- params: none
WITH descriptions AS (
    SELECT unnest(
        CASE
            WHEN r.invocationJobSummaries IS NOT NULL THEN r.invocationJobSummaries
            WHEN r.jobArn IS NOT NULL
                THEN
                    [
                        struct_pack(
                            jobArn := r.jobArn, modelId := r.modelId, submitTime := r.submitTime
                        )
                    ]
        END
    ) AS job
    FROM log_lines
),

-- A job lists and describes itself alike: which of the texts is taken does not matter.
jobs AS (
    SELECT
        regexp_extract(job.jobArn, '[^/]+$') AS job_id,
        max(job.jobArn) AS arn,
        max(job.modelId) AS model_id,
        max(job.submitTime) AS submitted_at
    FROM descriptions
    WHERE job.jobArn IS NOT NULL
    GROUP BY job_id
),

lines AS (
    SELECT
        file_no,
        line,
        r,
        r.modelOutput.usage AS usage,
        r.modelOutput IS NOT NULL OR r.error IS NOT NULL OR r.recordId IS NOT NULL AS is_output,
        regexp_extract(file, '([^/]*/)?[^/]+$') AS place,
        split_part(file, '/', -2) AS folder,
        regexp_extract(
            '/' || file,
            '[^0-9](20[0-9]{2})[-/](0[1-9]|1[0-2])[-/]([0-3][0-9])(?:[-/T]([0-2][0-9])/)?',
            ['year', 'month', 'day', 'hour']
        ) AS dated
    FROM log_lines
),

counted AS (
    SELECT
        *,
        -- Anthropic, Converse and Nova leave cached tokens out of the input; the others do not.
        coalesce(usage.inputTokens, usage.input_tokens) AS fresh,
        coalesce(
            usage.cacheReadInputTokens, usage.cacheReadInputTokenCount, usage.cache_read_input_tokens
        ) AS cache_read,
        coalesce(
            usage.cacheWriteInputTokens,
            usage.cacheWriteInputTokenCount,
            usage.cache_creation_input_tokens
        ) AS cache_write,
        coalesce(usage.prompt_tokens, r.modelOutput.inputTextTokenCount, r.modelOutput.prompt_token_count)
            AS whole,
        usage.prompt_tokens_details.cached_tokens AS cached_of_whole,
        coalesce(
            usage.outputTokens,
            usage.output_tokens,
            usage.completion_tokens,
            list_sum(
                list_transform(r.modelOutput.results, lambda x: TRY_CAST(x.tokenCount AS BIGINT))
            )::VARCHAR,
            r.modelOutput.generation_token_count
        ) AS output_tokens
    FROM lines
)

SELECT
    counted.file_no,
    counted.line,
    CASE
        WHEN counted.is_output AND counted.fresh IS NOT NULL
            AND coalesce(TRY_CAST(counted.fresh AS DECIMAL(18, 4)), -1) < 0
            THEN 'input_tokens|not a number'
    END AS wrong,
    CASE WHEN NOT counted.is_output THEN 'no batch output' END AS left_out,
    'aws' AS provider,
    split_part(jobs.arn, ':', 5) AS account_id,
    split_part(jobs.arn, ':', 4) AS region,
    counted.place || '/' || counted.r.recordId AS request_id,
    counted.r.modelOutput.id AS response_id,
    coalesce(
        jobs.submitted_at,
        CASE
            WHEN counted.dated.year <> ''
                THEN
                    concat(
                        counted.dated.year,
                        '-',
                        counted.dated.month,
                        '-',
                        counted.dated.day,
                        'T',
                        coalesce(nullif(counted.dated.hour, ''), '00'),
                        ':00:00Z'
                    )
        END
    ) AS started_at,
    coalesce(jobs.model_id, counted.r.modelOutput.model) AS model,
    CASE
        WHEN
            starts_with(jobs.model_id, 'arn:')
            AND regexp_matches(
                jobs.model_id,
                ':(application-inference-profile|provisioned-model|custom-model'
                || '|custom-model-deployment|imported-model|endpoint)/'
            )
            THEN jobs.model_id
    END AS resource_id,
    true AS is_batch,
    CASE WHEN counted.r.error IS NOT NULL THEN coalesce(counted.r.error.errorCode, 'error') END
        AS status,
    coalesce(
        (
            TRY_CAST(counted.fresh AS DECIMAL(18, 4))
            + coalesce(TRY_CAST(counted.cache_read AS DECIMAL(18, 4)), 0)
            + coalesce(TRY_CAST(counted.cache_write AS DECIMAL(18, 4)), 0)
        )::VARCHAR,
        counted.whole
    ) AS input_tokens,
    coalesce(counted.cache_read, counted.cached_of_whole) AS input_tokens_cache_read,
    counted.cache_write AS input_tokens_cache_write,
    counted.output_tokens,
    counted.usage.completion_tokens_details.reasoning_tokens AS output_tokens_reasoning
FROM counted
LEFT JOIN jobs ON counted.folder = jobs.job_id
