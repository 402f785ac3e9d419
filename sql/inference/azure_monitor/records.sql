-- Requests and tokens of Azure's model deployments in each interval of Azure Monitor. Of an interval
-- that was asked for again the answer read last counts; of several breakdowns the finest.
-- grain:  file_no, resource, deployment, model, version, status, interval | figure left out or wrong
-- params: none
WITH answers AS (
    SELECT file_no, line, r AS answer
    FROM log_lines
    WHERE r.value IS NOT NULL
    UNION ALL
    SELECT file_no, line, unnest(r.values) AS answer
    FROM log_lines
    WHERE r.values IS NOT NULL
),

metrics AS (
    SELECT
        file_no,
        line,
        answer.interval AS grain_text,
        lower(answer.resourceregion) AS region,
        answer.resourceid AS resource,
        unnest(answer.value) AS metric
    FROM answers
),

split_series AS (
    SELECT
        file_no,
        line,
        grain_text,
        region,
        lower(
            coalesce(
                resource,
                regexp_replace(metric.id, '/providers/microsoft\.insights/.*$', '', 'i')
            )
        ) AS resource,
        metric.name.value AS metric,
        unnest(metric.timeseries) AS part
    FROM metrics
    WHERE
        metric.name.value IN (
            'ProcessedPromptTokens', 'GeneratedTokens', 'AzureOpenAIRequests',
            'InputTokens', 'OutputTokens', 'ModelRequests'
        )
),

dimensions AS (
    SELECT
        * EXCLUDE (part),
        map_from_entries(
            list_transform(
                coalesce(part.metadatavalues, []),
                lambda d: {'key': lower(d.name.value), 'value': d.value}
            )
        ) AS dimensions,
        unnest(part.data) AS point
    FROM split_series
),

figures AS (
    SELECT
        *,
        CASE metric
            WHEN 'ProcessedPromptTokens' THEN 'input_tokens'
            WHEN 'InputTokens' THEN 'input_tokens'
            WHEN 'GeneratedTokens' THEN 'output_tokens'
            WHEN 'OutputTokens' THEN 'output_tokens'
            ELSE 'requests'
        END AS field,
        -- The same figures under the names of Foundry, where both were asked for.
        metric IN ('InputTokens', 'OutputTokens', 'ModelRequests') AS is_newer,
        len(map_keys(dimensions)) AS depth,
        point.timeStamp AS moment,
        coalesce(point.total, point.sum) AS figure,
        TRY_CAST(coalesce(point.total, point.sum) AS DOUBLE) AS number,
        CASE
            WHEN regexp_matches(point.timeStamp, '(Z|[+-]\d{2}:?\d{2})$')
                THEN timezone(
                    'UTC', TRY_CAST(point.timeStamp AS TIMESTAMPTZ)
                )
        END AS starts_at,
        60 * (
            1440 * coalesce(TRY_CAST(regexp_extract(grain_text, '(\d+)D', 1) AS BIGINT), 0)
            + 60 * coalesce(TRY_CAST(regexp_extract(grain_text, '(\d+)H', 1) AS BIGINT), 0)
            + coalesce(TRY_CAST(regexp_extract(grain_text, 'T.*?(\d+)M', 1) AS BIGINT), 0)
        ) AS seconds
    FROM dimensions
    WHERE coalesce(point.total, point.sum) IS NOT NULL
),

judged AS (
    SELECT
        *,
        CASE
            WHEN starts_at IS NULL THEN 'started_at|not a time'
            WHEN number IS NULL OR NOT isfinite(number) THEN 'value|not a number'
            WHEN number < 0 THEN 'value|negative'
            WHEN seconds = 0 THEN 'ended_at|the answer has no interval'
        END AS wrong
    FROM figures
),

placed AS (
    SELECT
        *,
        CASE
            WHEN wrong IS NOT NULL THEN NULL
            WHEN
                depth < max(depth) FILTER (WHERE wrong IS NULL) OVER same_figures
                OR is_newer > min(is_newer) FILTER (WHERE wrong IS NULL) OVER same_figures
                OR seconds < max(seconds) FILTER (WHERE wrong IS NULL) OVER same_figures
                THEN 'duplicate'
            WHEN row_number() OVER (
                PARTITION BY resource, metric, dimensions, seconds, starts_at, wrong IS NULL
                ORDER BY file_no DESC, line DESC
            ) > 1 THEN 'duplicate'
        END AS left_out
    FROM judged
    WINDOW same_figures AS (PARTITION BY resource, field, date_trunc('hour', starts_at))
)

SELECT
    file_no,
    min(line) AS line,
    NULL::VARCHAR AS wrong,
    NULL::VARCHAR AS left_out,
    'bucket' AS grain,
    timezone('UTC', starts_at) AS started_at,
    timezone('UTC', starts_at + to_seconds(seconds)) AS ended_at,
    'azure' AS provider,
    nullif(regexp_extract(resource, '/subscriptions/([^/]+)', 1), '') AS account_id,
    region,
    resource AS resource_id,
    dimensions['modelname'] AS model,
    dimensions['modeldeploymentname'] AS model_ref,
    dimensions['modelversion'] AS model_version,
    CASE
        WHEN dimensions['statuscode'] LIKE '2__' THEN NULL
        ELSE dimensions['statuscode']
    END AS status,
    coalesce(round(sum(number) FILTER (WHERE field = 'requests')), 0)::BIGINT AS requests,
    round(sum(number) FILTER (WHERE field = 'input_tokens'))::BIGINT AS input_tokens,
    round(sum(number) FILTER (WHERE field = 'output_tokens'))::BIGINT AS output_tokens
FROM placed
WHERE wrong IS NULL AND left_out IS NULL
GROUP BY
    file_no,
    starts_at,
    seconds,
    region,
    resource,
    dimensions['modelname'],
    dimensions['modeldeploymentname'],
    dimensions['modelversion'],
    CASE
        WHEN dimensions['statuscode'] LIKE '2__' THEN NULL
        ELSE dimensions['statuscode']
    END
UNION ALL BY NAME
SELECT
    file_no,
    line,
    wrong,
    left_out,
    'bucket' AS grain,
    timezone('UTC', starts_at) AS started_at
FROM placed
WHERE wrong IS NOT NULL OR left_out IS NOT NULL
