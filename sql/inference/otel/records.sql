-- The spans of OTLP traces: inference as requests, everything else left out with what it is.
-- grain:  file_no, line, span
-- params: none; view log_lines
WITH resources AS (
    SELECT file_no, line, wrong, unnest(r.resources) AS resource, unnest(r.scopes) AS scopes
    FROM log_lines
),

scopes AS (
    SELECT file_no, line, wrong, resource, unnest(scopes) AS spans
    FROM resources
),

spans AS (
    SELECT
        file_no,
        line,
        wrong,
        resource.keys AS resource_keys,
        resource.texts AS resource_texts,
        unnest(spans) AS span
    FROM scopes
),

listed AS (
    SELECT *, span.keys AS keys, span.texts AS texts
    FROM spans
),

named AS (
    SELECT
        file_no,
        line,
        wrong,
        span.trace_id AS trace_id,
        span.span_id AS span_id,
        span.began AS began,
        -- Served by this very process: an answering server, or a model within it.
        span.kind IN ('1', '2', 'SPAN_KIND_INTERNAL', 'SPAN_KIND_SERVER') AS is_serving,
        span.status IN ('2', 'STATUS_CODE_ERROR') AS has_failed,
        lower(texts[list_position(keys, 'gen_ai.operation.name')]) AS operation,
        lower(coalesce(
            texts[list_position(keys, 'gen_ai.provider.name')],
            texts[list_position(keys, 'gen_ai.system')]
        )) AS provider,
        nullif(texts[list_position(keys, 'gen_ai.request.model')], '') AS request_model,
        nullif(texts[list_position(keys, 'gen_ai.response.model')], '') AS response_model,
        coalesce(
            nullif(texts[list_position(keys, 'aws.request_id')], ''),
            nullif(texts[list_position(keys, 'gen_ai.response.id')], ''),
            texts[list_position(keys, 'gen_ai.request.id')]
        ) AS response_id,
        coalesce(
            texts[list_position(keys, 'gen_ai.usage.input_tokens')],
            texts[list_position(keys, 'gen_ai.usage.prompt_tokens')]
        ) AS input_tokens,
        coalesce(
            texts[list_position(keys, 'gen_ai.usage.output_tokens')],
            texts[list_position(keys, 'gen_ai.usage.completion_tokens')]
        ) AS output_tokens,
        coalesce(
            texts[list_position(keys, 'gen_ai.usage.cache_read.input_tokens')],
            texts[list_position(keys, 'gen_ai.usage.cache_read_input_tokens')]
        ) AS cache_read,
        coalesce(
            texts[list_position(keys, 'gen_ai.usage.cache_write.input_tokens')],
            texts[list_position(keys, 'gen_ai.usage.cache_creation.input_tokens')],
            texts[list_position(keys, 'gen_ai.usage.cache_creation_input_tokens')]
        ) AS cache_write,
        coalesce(
            texts[list_position(keys, 'gen_ai.usage.reasoning.output_tokens')],
            texts[list_position(keys, 'gen_ai.usage.reasoning_tokens')]
        ) AS reasoning,
        list_contains(keys, 'gen_ai.tool.name') AS names_tool,
        list_contains(keys, 'gen_ai.agent.name') AS names_agent,
        list_contains(keys, 'gen_ai.workflow.name') AS names_workflow,
        lower(texts[list_position(keys, 'traceloop.span.kind')]) AS older_kind,
        coalesce(
            texts[list_position(keys, 'openai.response.service_tier')],
            texts[list_position(keys, 'gen_ai.openai.response.service_tier')]
        ) AS service_tier,
        lower(texts[list_position(keys, 'server.address')]) AS server,
        nullif(texts[list_position(keys, 'error.type')], '') AS error,
        coalesce(
            nullif(texts[list_position(keys, 'tenant.id')], ''),
            resource_texts[list_position(resource_keys, 'tenant.id')]
        ) AS tenant,
        coalesce(
            nullif(texts[list_position(keys, 'use_case')], ''),
            resource_texts[list_position(resource_keys, 'service.name')]
        ) AS use_case,
        resource_texts[list_position(resource_keys, 'k8s.namespace.name')] AS namespace,
        resource_texts[list_position(resource_keys, 'k8s.pod.name')] AS pod,
        resource_texts[list_position(resource_keys, 'host.id')] AS host
    FROM listed
),

judged AS (
    SELECT
        *,
        CASE
            WHEN provider LIKE 'aws%' OR server LIKE '%.amazonaws.com' THEN 'aws'
            WHEN
                provider LIKE 'az.%' OR provider LIKE 'azure%'
                OR server LIKE '%.azure.com' OR server LIKE '%.windows.net'
                THEN 'azure'
            WHEN
                provider LIKE 'gcp%' OR provider LIKE 'vertex%' OR provider IN ('gemini', 'google')
                OR server LIKE '%.googleapis.com'
                THEN 'gcp'
            WHEN provider LIKE 'ibm%' OR provider LIKE 'watsonx%' THEN 'ibm'
            WHEN provider LIKE 'mistral%' THEN 'mistral'
            WHEN provider LIKE 'moonshot%' THEN 'moonshot'
            WHEN provider IN ('xai', 'x_ai') THEN 'xai'
            WHEN provider IN ('dashscope', 'alibaba_cloud') OR server LIKE '%.aliyuncs.com' THEN 'alibaba'
            WHEN provider IN ('_other', 'vllm', 'ollama', 'tgi', 'triton', 'sglang', 'llamacpp') THEN NULL
            ELSE provider
        END AS biller,
        CASE
            WHEN
                operation LIKE '%agent%'
                OR operation = 'plan'
                OR older_kind = 'agent'
                OR operation IS NULL AND names_agent AND response_model IS NULL
                THEN 'agent span'
            WHEN
                operation LIKE '%workflow%'
                OR older_kind IN ('workflow', 'task')
                OR operation IS NULL AND names_workflow AND response_model IS NULL
                THEN 'workflow span'
            WHEN
                operation LIKE '%tool%'
                OR older_kind = 'tool'
                OR operation IS NULL AND names_tool AND response_model IS NULL
                THEN 'tool span'
            WHEN operation LIKE '%memory%' THEN 'memory span'
            WHEN operation = 'retrieval' THEN 'retrieval span'
            WHEN operation IS NULL AND request_model IS NULL AND response_model IS NULL
                THEN 'no inference span'
        END AS left_out,
        TRY_CAST(input_tokens AS DECIMAL(18, 4)) AS input_number,
        coalesce(TRY_CAST(cache_read AS DECIMAL(18, 4)), 0)
        + coalesce(TRY_CAST(cache_write AS DECIMAL(18, 4)), 0) AS cached
    FROM named
)

SELECT
    file_no,
    line,
    coalesce(
        wrong,
        CASE
            WHEN began IS NOT NULL AND TRY_CAST(began AS BIGINT) IS NULL
                THEN 'started_at|not a time'
            WHEN input_tokens IS NOT NULL AND input_number IS NULL
                THEN 'input_tokens|not a number'
        END
    ) AS wrong,
    left_out,
    make_timestamptz(nullif(TRY_CAST(began AS BIGINT), 0) // 1000) AS started_at,
    lower(span_id) AS request_id,
    response_id,
    lower(trace_id) AS trace_id,
    coalesce(response_model, request_model) AS model,
    operation,
    biller AS provider,
    regexp_extract(
        server, '(?:bedrock-runtime(?:-fips)?\.|^)([a-z]{2}-[a-z0-9-]+\d)(?:\.amazonaws|-aiplatform)', 1
    ) AS region,
    CASE
        WHEN NOT is_serving OR biller <> '' THEN NULL
        WHEN pod <> '' THEN concat_ws('/', nullif(namespace, ''), pod)
        ELSE host
    END AS resource_id,
    tenant,
    use_case,
    service_tier,
    CASE
        WHEN
            error IN ('429', 'rate_limit_exceeded', 'ResourceExhausted', 'RESOURCE_EXHAUSTED')
            OR regexp_matches(error, '(?i)throttl|rate.?limit|too.?many.?requests')
            THEN 'throttled'
        WHEN error IS NOT NULL THEN error
        WHEN has_failed THEN 'error'
        ELSE 'ok'
    END AS status,
    -- What is served from a cache is part of the input; an emitter that leaves it out shows by it.
    CASE WHEN cached > input_number THEN input_number + cached ELSE input_number END AS input_tokens,
    cache_read AS input_tokens_cache_read,
    cache_write AS input_tokens_cache_write,
    output_tokens,
    reasoning AS output_tokens_reasoning
FROM judged
