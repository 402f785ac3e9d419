-- Requests, tokens and GPU time of each hour and key. A sampled log's sums are divided by its rate
-- once per key, rounded half up to a whole unit. `ok`, `throttled` and `cache_hit` are the
-- statuses other parts know; any other word is kept as logged, in lower case.
-- grain:  hour, source and the keys of core_inference__usage
-- params: $month text, $parts list of hourly parts
WITH named AS (
    SELECT
        hour,
        source,
        coalesce(trim(provider), '') AS provider,
        coalesce(trim(account_id), '') AS account_id,
        coalesce(trim(region), '') AS region,
        coalesce(trim(resource_id), '') AS resource_id,
        trim(model) AS model,
        coalesce(trim(model_version), '') AS model_version,
        coalesce(trim(operation), '') AS operation,
        coalesce(trim(tenant), '') AS tenant,
        coalesce(trim(use_case), '') AS use_case,
        coalesce(trim(service_tier), '') AS service_tier,
        coalesce(is_batch, false) AS is_batch,
        CASE
            WHEN gateway_cache_hit THEN 'cache_hit'
            WHEN
                coalesce(lower(trim(status)), '')
                IN ('', 'ok', 'success', 'successful', 'succeed', 'succeeded', '200')
                THEN 'ok'
            WHEN lower(trim(status)) IN ('throttled', 'rate_limited', '429') THEN 'throttled'
            ELSE lower(trim(status))
        END AS status,
        grain,
        is_counted,
        CASE
            WHEN reported_cost IS NOT NULL
                THEN coalesce(nullif(upper(trim(reported_currency)), ''), 'USD')
            ELSE ''
        END AS reported_currency,
        CASE WHEN list_cost IS NOT NULL THEN list_currency ELSE '' END AS list_currency,
        (coalesce(sample_rate, 1) * 1000000)::BIGINT AS millionths,
        * EXCLUDE (
            hour, source, provider, account_id, region, resource_id, model, model_version,
            operation, tenant, use_case, service_tier, is_batch, status, grain, is_counted,
            reported_currency, list_currency
        )
    FROM read_parquet($parts)
    WHERE fate = 'kept'
),

by_rate AS (
    SELECT
        hour,
        source,
        provider,
        account_id,
        region,
        resource_id,
        model,
        model_version,
        operation,
        tenant,
        use_case,
        service_tier,
        is_batch,
        status,
        grain,
        is_counted,
        reported_currency,
        list_currency,
        millionths,
        sum(requests)::HUGEINT AS requests,
        sum(input_tokens)::HUGEINT AS input_tokens,
        sum(input_tokens_cache_read)::HUGEINT AS input_tokens_cache_read,
        sum(input_tokens_cache_write)::HUGEINT AS input_tokens_cache_write,
        sum(output_tokens)::HUGEINT AS output_tokens,
        sum(output_tokens_reasoning)::HUGEINT AS output_tokens_reasoning,
        sum(images)::HUGEINT AS images,
        (sum(gpu_ms) * 1000)::HUGEINT AS gpu_microseconds,
        (sum(gpu_held_ms) * 1000)::HUGEINT AS gpu_held_microseconds,
        round(sum(vcpu_ms))::HUGEINT AS vcpu_milliseconds,
        round(sum(memory_gib_ms))::HUGEINT AS memory_gib_milliseconds,
        sum(reported_cost)::DECIMAL(38, 18) AS reported_cost,
        sum(list_cost)::DECIMAL(38, 18) AS list_cost,
        coalesce(sum(requests_priced), 0)::HUGEINT AS requests_priced,
        coalesce(sum(requests_with_tokens), 0)::HUGEINT AS requests_with_tokens,
        coalesce(sum(requests_with_gpu_time), 0)::HUGEINT AS requests_with_gpu_time
    FROM named
    GROUP BY ALL
)

SELECT
    $month AS billing_month,
    hour,
    source,
    provider,
    account_id,
    region,
    resource_id,
    model,
    model_version,
    operation,
    tenant,
    use_case,
    service_tier,
    is_batch,
    status,
    grain,
    is_counted,
    reported_currency,
    list_currency,
    sum((requests * 1000000 + millionths // 2) // millionths)::BIGINT AS requests,
    sum((input_tokens * 1000000 + millionths // 2) // millionths)::BIGINT AS input_tokens,
    sum((input_tokens_cache_read * 1000000 + millionths // 2) // millionths)::BIGINT
        AS input_tokens_cache_read,
    sum((input_tokens_cache_write * 1000000 + millionths // 2) // millionths)::BIGINT
        AS input_tokens_cache_write,
    sum((output_tokens * 1000000 + millionths // 2) // millionths)::BIGINT AS output_tokens,
    sum((output_tokens_reasoning * 1000000 + millionths // 2) // millionths)::BIGINT
        AS output_tokens_reasoning,
    sum((images * 1000000 + millionths // 2) // millionths)::BIGINT AS images,
    sum((gpu_microseconds * 1000000 + millionths // 2) // millionths)::BIGINT AS gpu_microseconds,
    sum((gpu_held_microseconds * 1000000 + millionths // 2) // millionths)::BIGINT
        AS gpu_held_microseconds,
    sum((vcpu_milliseconds * 1000000 + millionths // 2) // millionths)::BIGINT
        AS vcpu_milliseconds,
    sum((memory_gib_milliseconds * 1000000 + millionths // 2) // millionths)::BIGINT
        AS memory_gib_milliseconds,
    sum(
        CASE
            WHEN millionths = 1000000 THEN reported_cost
            ELSE (reported_cost::DOUBLE * 1000000 / millionths)::DECIMAL(38, 9)
        END
    )::DECIMAL(38, 18) AS reported_cost,
    sum(
        CASE
            WHEN millionths = 1000000 THEN list_cost
            ELSE (list_cost::DOUBLE * 1000000 / millionths)::DECIMAL(38, 9)
        END
    )::DECIMAL(38, 18) AS list_cost,
    sum((requests_priced * 1000000 + millionths // 2) // millionths)::BIGINT AS requests_priced,
    coalesce(
        sum((requests * 1000000 + millionths // 2) // millionths) FILTER (WHERE millionths < 1000000),
        0
    )::BIGINT AS requests_estimated,
    sum((requests_with_tokens * 1000000 + millionths // 2) // millionths)::BIGINT
        AS requests_with_tokens,
    sum((requests_with_gpu_time * 1000000 + millionths // 2) // millionths)::BIGINT
        AS requests_with_gpu_time
FROM by_rate
GROUP BY ALL
