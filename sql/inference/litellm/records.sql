-- Calls of LiteLLM, rows of its SpendLogs and logging payloads alike: each attempt a request.
-- grain:  file_no, line
-- params: none; view log_lines
WITH called AS (
    SELECT
        file_no,
        line,
        wrong,
        coalesce(r.request_id, r.id) AS id,
        r.trace_id AS trace_id,
        r.startTime AS began,
        lower(r.call_type) AS call_type,
        lower(r.status) = 'failure' AS has_failed,
        lower(r.cache_hit) = 'true'
        OR regexp_matches(coalesce(r.request_id, r.id), '_cache_hit[0-9.]+$') AS is_cache_hit,
        lower(coalesce(r.custom_llm_provider, '')) AS provider,
        r.model AS model,
        lower(r.api_base) AS api_base,
        coalesce(r.metadata.usage_object, r.hidden_params.usage_object) AS usage,
        r.metadata.additional_usage_values AS further,
        coalesce(r.error_information, r.metadata.error_information) AS error,
        r.hidden_params.additional_headers AS headers,
        coalesce(r.hidden_params.batch_successful_requests, r.metadata.batch_successful_requests)
            AS batch_requests,
        r.prompt_tokens AS prompt_tokens,
        r.completion_tokens AS completion_tokens,
        TRY_CAST(r.prompt_tokens AS DECIMAL(18, 4)) AS prompt_number,
        TRY_CAST(r.completion_tokens AS DECIMAL(18, 4)) AS completion_number,
        coalesce(r.spend, r.response_cost) AS cost,
        coalesce(r.cost_breakdown, r.metadata.cost_breakdown).service_tier AS service_tier,
        TRY_CAST(r.metadata.attempted_retries AS BIGINT) AS retries,
        coalesce(
            nullif(r.metadata.spend_logs_metadata.tenant, ''),
            nullif(r.metadata.requester_metadata.tenant, ''),
            nullif(r.metadata.user_api_key_team_alias, ''),
            nullif(r.team_id, ''),
            nullif(r.metadata.user_api_key_team_id, ''),
            nullif(r.end_user, ''),
            nullif(r.metadata.user_api_key_end_user_id, '')
        ) AS tenant,
        coalesce(
            nullif(r.metadata.spend_logs_metadata.use_case, ''),
            nullif(r.metadata.requester_metadata.use_case, ''),
            nullif(r.metadata.user_api_key_project_alias, ''),
            nullif(r.metadata.user_api_key_alias, '')
        ) AS use_case
    FROM log_lines
),

counted AS (
    SELECT
        *,
        coalesce(
            usage.prompt_tokens_details.cached_tokens,
            usage.cache_read_input_tokens,
            further.cache_read_input_tokens
        ) AS cache_read,
        coalesce(
            usage.prompt_tokens_details.cache_write_tokens,
            usage.prompt_tokens_details.cache_creation_tokens,
            usage.cache_creation_input_tokens,
            further.cache_creation_input_tokens
        ) AS cache_write,
        coalesce(
            usage.completion_tokens_details.reasoning_tokens,
            further.completion_tokens_details.reasoning_tokens
        ) AS reasoning,
        -- Zeros are what the gateway writes where it knows nothing.
        coalesce(prompt_number, 0) + coalesce(completion_number, 0) = 0
        AND (has_failed OR usage.prompt_tokens IS NULL AND usage.completion_tokens IS NULL)
            AS is_unmeasured
    FROM called
)

SELECT
    file_no,
    line,
    coalesce(
        wrong,
        CASE
            WHEN prompt_tokens IS NOT NULL AND prompt_number IS NULL
                THEN 'input_tokens|not a number'
            WHEN prompt_number < 0 THEN 'input_tokens|negative'
        END
    ) AS wrong,
    CASE
        WHEN call_type = 'call_mcp_tool' OR starts_with(model, 'MCP: ') THEN 'tool call'
        WHEN has_failed AND coalesce(model, '') IN ('', 'unknown-model') AND provider = ''
            THEN 'refused by the gateway'
        WHEN
            coalesce(TRY_CAST(cost AS DOUBLE), 0) = 0
            AND coalesce(prompt_number, 0) + coalesce(completion_number, 0) = 0
            AND regexp_matches(
                call_type,
                '^a?(get|list|delete|cancel|retrieve|update|modify|upload|create_(batch|file|fine_tuning_job|thread|assistants|skill|container|eval))'
                || '|^a?(file_|vector_store_|container_|run_thread$|add_message$|_add_message$)'
                || '|(_files?|_batch|_batches|_list|_delete|_retrieve|_cancel)$'
            )
            THEN 'no inference call'
    END AS left_out,
    CASE
        -- The database keeps UTC without saying so.
        WHEN regexp_matches(began, '^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?$')
            THEN began || 'Z'
        ELSE began
    END AS started_at,
    -- Failed attempts of one call share the call's id.
    CASE WHEN has_failed THEN id || '@' || began ELSE id END AS request_id,
    CASE
        WHEN is_cache_hit THEN NULL
        ELSE coalesce(
            headers."llm_provider-x-amzn-requestid",
            headers."llm_provider-apim-request-id",
            headers."llm_provider-x-request-id",
            headers."llm_provider-request-id",
            headers."x-request-id",
            headers."request-id",
            error.error_provider_request_id
        )
    END AS response_id,
    CASE WHEN NOT coalesce(is_cache_hit, false) THEN trace_id END AS trace_id,
    CASE WHEN retries >= 0 THEN retries + 1 END AS attempt,
    CASE
        WHEN provider LIKE 'bedrock%'
            THEN
            regexp_replace(
                model,
                '^(?:bedrock\w*/)?(?:(?:converse|converse_like|invoke|mantle|responses)/)?(?:[a-z]{2}(?:-[a-z]+)+-\d/)?',
                ''
            )
        WHEN provider <> '' AND starts_with(lower(model), provider || '/')
            THEN substr(model, length(provider) + 2)
        ELSE model
    END AS model,
    CASE
        WHEN
            provider LIKE 'bedrock%' OR provider LIKE 'sagemaker%'
            OR provider IN ('aws_polly', 'aws_textract', 'transcribe', 's3_vectors')
            THEN 'aws'
        WHEN provider LIKE 'azure%' THEN 'azure'
        WHEN provider LIKE 'vertex_ai%' OR provider = 'gemini' THEN 'gcp'
        WHEN provider IN ('text-completion-openai', 'chatgpt') THEN 'openai'
        WHEN provider = 'anthropic_text' THEN 'anthropic'
        WHEN provider = 'cohere_chat' THEN 'cohere'
        WHEN provider LIKE 'watsonx%' THEN 'ibm'
        WHEN provider IN ('codestral', 'text-completion-codestral') THEN 'mistral'
        WHEN provider = 'ai21_chat' THEN 'ai21'
        WHEN provider IN ('dashscope', 'qwencloud', 'qwen_ai_platform') THEN 'alibaba'
        -- Engines on own machines, and endpoints of which only the protocol is known.
        WHEN
            provider IN (
                'vllm', 'hosted_vllm', 'ollama', 'ollama_chat', 'triton', 'xinference', 'infinity',
                'lm_studio', 'llamafile', 'lemonade', 'docker_model_runner', 'oobabooga', 'petals',
                'custom', 'custom_openai', 'openai_like', 'aiohttp_openai', 'litellm_proxy'
            )
            THEN NULL
        ELSE provider
    END AS provider,
    regexp_extract(
        api_base, '(?:bedrock-runtime(?:-fips)?\.|runtime\.sagemaker\.|//)([a-z]{2}-[a-z0-9-]+\d)(?:\.amazonaws|-aiplatform)', 1
    ) AS region,
    CASE
        WHEN call_type IN ('completion', 'acompletion', 'anthropic_messages', 'aanthropic_messages')
            THEN 'chat'
        WHEN call_type IN ('embedding', 'aembedding') THEN 'embeddings'
        WHEN call_type IN ('arerank', 'aresponses', 'atext_completion', 'aspeech', 'asearch')
            OR call_type IN ('aimage_generation', 'aimage_edit', 'atranscription', 'amoderation')
            OR call_type IN ('agenerate_content', 'avideo_generation')
            THEN substr(call_type, 2)
        ELSE call_type
    END AS operation,
    tenant,
    use_case,
    nullif(service_tier, 'default') AS service_tier,
    call_type LIKE '%retrieve_batch' OR id LIKE '%_batch_cost' AS is_batch,
    CASE WHEN call_type LIKE '%retrieve_batch' THEN batch_requests END AS requests,
    CASE
        WHEN NOT has_failed THEN 'ok'
        ELSE coalesce(nullif(error.error_code, ''), nullif(error.error_class, ''), 'failure')
    END AS status,
    CASE
        WHEN is_unmeasured THEN NULL
        WHEN tokens_cached > prompt_number THEN prompt_number + tokens_cached
        ELSE prompt_number
    END AS input_tokens,
    CASE WHEN NOT is_unmeasured THEN cache_read END AS input_tokens_cache_read,
    CASE WHEN NOT is_unmeasured THEN cache_write END AS input_tokens_cache_write,
    CASE WHEN NOT is_unmeasured THEN completion_tokens END AS output_tokens,
    CASE WHEN NOT is_unmeasured THEN reasoning END AS output_tokens_reasoning,
    usage.output_image_count AS images,
    cost AS reported_cost,
    CASE WHEN cost IS NOT NULL THEN 'USD' END AS reported_currency,
    coalesce(is_cache_hit, false) AS gateway_cache_hit
FROM (
    SELECT
        *,
        coalesce(TRY_CAST(cache_read AS DECIMAL(18, 4)), 0)
        + coalesce(TRY_CAST(cache_write AS DECIMAL(18, 4)), 0) AS tokens_cached
    FROM counted
)
