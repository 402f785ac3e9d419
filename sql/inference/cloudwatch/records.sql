-- What SageMaker's endpoints did in each interval of CloudWatch: invocations and busy GPU time of each
-- variant. Of an interval that was asked for again the answer read last counts.
-- grain:  file_no, endpoint, variant, interval | figure that is left out or wrong
-- params: none
WITH queries AS (
    SELECT DISTINCT
        file_no,
        line,
        regexp_replace(file, '[^/]*$', '') AS folder,
        query.Id AS id,
        query.AccountId AS account_id,
        query.MetricStat AS stat
    FROM (
        SELECT file_no, line, file, unnest(r.MetricDataQueries) AS query
        FROM log_lines
        UNION ALL
        SELECT
            file_no,
            line,
            file,
            {
                'Id': r.Id, 'AccountId': r.AccountId, 'MetricStat': r.MetricStat
            } AS query
        FROM log_lines
        WHERE r.MetricStat IS NOT NULL
    )
    WHERE query.Id IS NOT NULL AND query.MetricStat IS NOT NULL
),

results AS (
    SELECT
        row_number() OVER (ORDER BY file_no, line, place) AS result_no,
        *
    FROM (
        SELECT
            file_no,
            line,
            regexp_replace(file, '[^/]*$', '') AS folder,
            unnest(r.MetricDataResults) AS result,
            unnest(range(len(r.MetricDataResults))) AS place
        FROM log_lines
    )
),

-- The request nearest to an answer says what it is of: in the same document, folder or source.
nearest AS (
    SELECT DISTINCT
        results.result_no,
        queries.stat,
        queries.account_id
    FROM results
    JOIN queries ON results.result.Id = queries.id
    QUALIFY
        rank() OVER (
            PARTITION BY results.result_no
            ORDER BY
                (queries.file_no, queries.line) IS DISTINCT FROM (results.file_no, results.line),
                queries.folder IS DISTINCT FROM results.folder
        ) = 1
),

asked AS (
    SELECT
        result_no,
        any_value(stat) AS stat,
        any_value(account_id) AS account_id,
        count(*) AS meanings
    FROM nearest
    GROUP BY result_no
),

answers AS (
    SELECT
        results.result_no,
        results.file_no,
        results.line,
        results.result,
        asked.account_id,
        asked.stat,
        coalesce(asked.meanings, 0) AS meanings
    FROM results
    LEFT JOIN asked ON results.result_no = asked.result_no
),

figures AS (
    SELECT
        file_no,
        line,
        account_id,
        NULL::VARCHAR AS region,
        stat.Metric.Namespace AS namespace,
        stat.Metric.MetricName AS metric,
        map_from_entries(
            list_transform(
                stat.Metric.Dimensions, lambda d: {'key': d.Name, 'value': d.Value}
            )
        ) AS dimensions,
        stat.Stat AS statistic,
        TRY_CAST(stat.Period AS BIGINT) AS seconds,
        unnest(result.Timestamps) AS moment,
        unnest(result.Values) AS figure
    FROM answers
    WHERE meanings = 1
    UNION ALL
    SELECT
        file_no,
        line,
        r.account_id,
        r.region,
        r.namespace,
        r.metric_name,
        r.dimensions,
        'Sum',
        60,
        r.timestamp,
        r.value.sum
    FROM log_lines
    WHERE r.metric_name IS NOT NULL
),

-- Figures by further dimensions (instance, container) are parts of these.
wanted AS (
    SELECT
        *,
        dimensions['EndpointName'] AS endpoint,
        dimensions['VariantName'] AS variant,
        TRY_CAST(figure AS DOUBLE) AS number,
        CASE
            WHEN regexp_matches(moment, '^\d+(\.\d+)?([eE]\+?\d+)?$')
                THEN make_timestamp(
                    (
                        moment::DOUBLE * CASE WHEN moment::DOUBLE < 1e11 THEN 1000 ELSE 1 END
                    )::BIGINT * 1000
                )
            WHEN regexp_matches(moment, '\d(Z|[+-]\d{2}(:?\d{2})?)$')
                THEN timezone('UTC', TRY_CAST(moment AS TIMESTAMPTZ))
        END AS starts_at
    FROM figures
    WHERE
        len(map_keys(dimensions)) = 2
        AND dimensions['EndpointName'] IS NOT NULL AND dimensions['VariantName'] IS NOT NULL
        AND (
            (namespace = 'AWS/SageMaker' AND metric = 'Invocations')
            OR (namespace = '/aws/sagemaker/Endpoints' AND metric = 'GPUUtilization')
        )
),

judged AS (
    SELECT
        *,
        CASE
            WHEN starts_at IS NULL THEN 'started_at|not a time'
            WHEN number IS NULL OR NOT isfinite(number) THEN 'value|not a number'
            WHEN number < 0 THEN 'value|negative'
            WHEN seconds IS NULL OR seconds <= 0 THEN 'ended_at|the query has no Period'
            WHEN statistic <> 'Sum'
                THEN 'value|not the statistic Sum, which is the one that can be added up'
        END AS wrong
    FROM wanted
),

placed AS (
    SELECT
        *,
        CASE
            WHEN wrong IS NOT NULL THEN NULL
            -- An hour that was asked for by the hour and by the minute counts once.
            WHEN seconds < max(seconds) FILTER (WHERE wrong IS NULL) OVER (
                PARTITION BY account_id, region, endpoint, variant, metric,
                    date_trunc('hour', starts_at)
            ) THEN 'duplicate'
            WHEN row_number() OVER (
                PARTITION BY account_id, region, endpoint, variant, metric, seconds, starts_at,
                    wrong IS NULL
                ORDER BY file_no DESC, line DESC
            ) > 1 THEN 'duplicate'
        END AS left_out
    FROM judged
)

SELECT
    file_no,
    min(line) AS line,
    NULL::VARCHAR AS wrong,
    NULL::VARCHAR AS left_out,
    'bucket' AS grain,
    timezone('UTC', starts_at) AS started_at,
    timezone('UTC', starts_at + to_seconds(seconds)) AS ended_at,
    'aws' AS provider,
    account_id,
    region,
    concat(endpoint, '/', variant) AS model,
    concat('endpoint/', endpoint) AS resource_id,
    coalesce(round(sum(number) FILTER (WHERE metric = 'Invocations')), 0)::BIGINT AS requests,
    -- Every instance reports per cent of one GPU, all its GPUs added, once a minute.
    (
        round(sum(number) FILTER (WHERE metric = 'GPUUtilization') * 600000)::DECIMAL(21, 0) * 0.001
    )::DECIMAL(18, 3) AS gpu_ms
FROM placed
WHERE wrong IS NULL AND left_out IS NULL
GROUP BY file_no, starts_at, seconds, account_id, region, endpoint, variant
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
UNION ALL BY NAME
SELECT
    file_no,
    line,
    CASE
        WHEN meanings = 0 THEN '(line)|no request of this Id: keep MetricDataQueries beside the answer'
        ELSE '(line)|several requests of this Id: keep each in the folder of its answers'
    END AS wrong,
    'bucket' AS grain
FROM answers
WHERE meanings <> 1
