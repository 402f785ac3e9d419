-- The records of counters: one per group of series, file and hour, one per step from an hour into
-- another, and one for each sample that is left out or wrong.
-- grain:  file_no, record_no, hour | sample
-- params: $wrong list of text, for each number of series_points.wrong; $grain text
WITH steps AS (
    SELECT
        deltas.*,
        roles.record_no,
        roles.field,
        CASE WHEN since // 3600000 = (at_ms - 1) // 3600000 THEN since // 3600000 END AS hour
    FROM series_deltas AS deltas
    JOIN series_roles AS roles ON deltas.head_no = roles.head_no
),

sums AS (
    SELECT
        file_no,
        record_no,
        min(line)::BIGINT AS line,
        min(since) AS since,
        max(at_ms) AS until,
        sum(amount) FILTER (WHERE field = 'requests') AS requests,
        sum(amount) FILTER (WHERE field = 'input_tokens') AS input_tokens,
        sum(amount) FILTER (WHERE field = 'input_tokens_cache_read') AS input_tokens_cache_read,
        sum(amount) FILTER (WHERE field = 'input_tokens_cache_write') AS input_tokens_cache_write,
        sum(amount) FILTER (WHERE field = 'output_tokens') AS output_tokens,
        sum(amount) FILTER (WHERE field = 'output_tokens_reasoning') AS output_tokens_reasoning,
        sum(amount) FILTER (WHERE field = 'images') AS images,
        sum(amount) FILTER (WHERE field = 'gpu_ms') AS gpu_ms,
        sum(amount) FILTER (WHERE field = 'gpu_held_ms') AS gpu_held_ms,
        sum(amount) FILTER (WHERE field = 'vcpu_ms') AS vcpu_ms,
        sum(amount) FILTER (WHERE field = 'memory_gib_ms') AS memory_gib_ms
    FROM steps
    WHERE mark = 0
    GROUP BY
        file_no,
        record_no,
        hour,
        CASE WHEN hour IS NULL THEN since END,
        CASE WHEN hour IS NULL THEN at_ms END
)

SELECT
    sums.file_no,
    sums.line,
    NULL::VARCHAR AS wrong,
    NULL::VARCHAR AS left_out,
    $grain AS grain,
    timezone('UTC', make_timestamp(sums.since * 1000)) AS started_at,
    timezone('UTC', make_timestamp(sums.until * 1000)) AS ended_at,
    records.* EXCLUDE (record_no),
    coalesce(sums.requests, 0)::BIGINT AS requests,
    sums.input_tokens::BIGINT AS input_tokens,
    -- Tokens from the cache are counted when a request is scheduled, its input when it is done:
    -- within an interval there may be more of the former.
    least(sums.input_tokens_cache_read, sums.input_tokens)::BIGINT AS input_tokens_cache_read,
    least(
        sums.input_tokens_cache_write,
        sums.input_tokens - coalesce(least(sums.input_tokens_cache_read, sums.input_tokens), 0)
    )::BIGINT AS input_tokens_cache_write,
    sums.output_tokens::BIGINT AS output_tokens,
    least(sums.output_tokens_reasoning, sums.output_tokens)::BIGINT AS output_tokens_reasoning,
    sums.images::BIGINT AS images,
    (sums.gpu_ms::DECIMAL(21, 0) * 0.001)::DECIMAL(18, 3) AS gpu_ms,
    (sums.gpu_held_ms::DECIMAL(21, 0) * 0.001)::DECIMAL(18, 3) AS gpu_held_ms,
    (sums.vcpu_ms::DECIMAL(21, 0) * 0.001)::DECIMAL(18, 3) AS vcpu_ms,
    (sums.memory_gib_ms::DECIMAL(21, 0) * 0.001)::DECIMAL(18, 3) AS memory_gib_ms
FROM sums
JOIN series_records AS records ON sums.record_no = records.record_no
UNION ALL BY NAME
SELECT
    file_no,
    line::BIGINT AS line,
    CASE WHEN mark = 1 THEN 'first sample of a series' ELSE 'duplicate' END AS left_out,
    $grain AS grain,
    timezone('UTC', make_timestamp(at_ms * 1000)) AS started_at
FROM steps
WHERE mark > 0
UNION ALL BY NAME
SELECT
    file_no,
    line::BIGINT AS line,
    CASE
        WHEN wrong = 0 THEN 'value|blank reading'
        WHEN wrong <> 6 THEN $wrong[wrong]
    END AS wrong,
    CASE WHEN wrong = 6 THEN $wrong[wrong] END AS left_out,
    $grain AS grain,
    timezone('UTC', make_timestamp(at_ms * 1000)) AS started_at
FROM series_points
WHERE wrong > 0 OR value IS NULL
