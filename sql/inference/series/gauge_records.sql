-- The records of gauges: one per group of series, file and hour, one per sample that lasts into
-- another hour, and one for each sample that is left out or wrong.
-- grain:  file_no, record_no, hour | sample
-- params: $wrong list of text, for each number of series_points.wrong
WITH steps AS (
    SELECT
        holds.*,
        roles.record_no,
        roles.field,
        roles.held_field,
        round(holds.held * roles.held_factor)::HUGEINT AS held_share,
        CASE WHEN since // 3600000 = (until - 1) // 3600000 THEN since // 3600000 END AS hour
    FROM series_holds AS holds
    JOIN series_roles AS roles ON holds.head_no = roles.head_no
),

sums AS (
    SELECT
        file_no,
        record_no,
        min(line)::BIGINT AS line,
        min(since) AS since,
        max(until) AS until,
        sum(amount) FILTER (WHERE field = 'gpu_ms') AS gpu_ms,
        sum(
            CASE
                WHEN held_field = 'gpu_held_ms' THEN held_share
                WHEN field = 'gpu_held_ms' THEN amount
            END
        ) AS gpu_held_ms,
        sum(CASE WHEN held_field = 'vcpu_ms' THEN held_share WHEN field = 'vcpu_ms' THEN amount END)
            AS vcpu_ms,
        sum(amount) FILTER (WHERE field = 'memory_gib_ms') AS memory_gib_ms
    FROM steps
    WHERE NOT is_double AND NOT is_endless
    GROUP BY
        file_no,
        record_no,
        hour,
        CASE WHEN hour IS NULL THEN since END,
        CASE WHEN hour IS NULL THEN until END
)

SELECT
    sums.file_no,
    sums.line,
    NULL::VARCHAR AS wrong,
    NULL::VARCHAR AS left_out,
    'sample' AS grain,
    timezone('UTC', make_timestamp(sums.since * 1000)) AS started_at,
    timezone('UTC', make_timestamp(sums.until * 1000)) AS ended_at,
    records.* EXCLUDE (record_no),
    0::BIGINT AS requests,
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
    CASE
        WHEN is_double THEN 'duplicate'
        ELSE 'one sample: how long it stands for is not known'
    END AS left_out,
    'sample' AS grain,
    timezone('UTC', make_timestamp(since * 1000)) AS started_at
FROM steps
WHERE is_double OR is_endless
UNION ALL BY NAME
SELECT
    file_no,
    line::BIGINT AS line,
    CASE WHEN wrong <> 6 THEN $wrong[wrong] END AS wrong,
    CASE WHEN wrong = 6 THEN $wrong[wrong] END AS left_out,
    'sample' AS grain,
    timezone('UTC', make_timestamp(at_ms * 1000)) AS started_at
FROM series_points
WHERE wrong > 0
