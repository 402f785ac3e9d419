-- The results of OpenAI's usage buckets; what a later reading or narrower buckets replace is left
-- out.
-- grain:  file_no, line, bucket, result
-- params: none
WITH buckets AS NOT MATERIALIZED (
    SELECT
        file_no,
        line,
        unnest(
            CASE
                WHEN r.data IS NOT NULL THEN r.data
                ELSE
                    [
                        struct_pack(
                            start_time := r.start_time,
                            end_time := r.end_time,
                            results := r.results
                        )
                    ]
            END
        ) AS bucket
    FROM log_lines
),

-- Only what is needed goes into the window: results are the bulk of a log.
heads AS (
    SELECT
        file_no,
        line,
        TRY_CAST(bucket.start_time AS BIGINT) AS starts,
        TRY_CAST(bucket.end_time AS BIGINT) AS ends,
        regexp_extract(bucket.results[1].object, '^organization\.usage\.(.+)\.result$', 1) AS kind
    FROM buckets
),

timed AS (
    SELECT
        starts,
        ends,
        -- A bucket without use has no result that tells its endpoint: the others of its page do.
        max(kind) OVER (PARTITION BY file_no, line) AS endpoint
    FROM heads
),

spans AS (
    SELECT DISTINCT endpoint, starts, ends, ends - starts AS width
    FROM timed
    WHERE ends > starts
),

-- Buckets that may have narrower ones in them, by the days they touch: mostly there are none.
wide AS (
    SELECT *, unnest(range(starts // 86400, (ends - 1) // 86400 + 1)) AS day
    FROM spans
    WHERE width > (SELECT min(width) FROM spans)
),

pairs AS (
    SELECT
        wide.endpoint,
        wide.starts,
        wide.ends,
        narrow.starts AS narrow_starts,
        narrow.ends AS narrow_ends,
        -- Narrow buckets of one width that fill the wide one: they do not overlap.
        sum(narrow.width) OVER (
            PARTITION BY wide.endpoint, wide.starts, wide.ends, narrow.width
        ) = wide.width AS is_full
    FROM wide
    INNER JOIN spans AS narrow
        ON
            wide.endpoint = narrow.endpoint
            AND narrow.starts // 86400 = wide.day
            AND wide.starts <= narrow.starts
            AND wide.ends >= narrow.ends
            AND wide.width > narrow.width
),

filled AS (
    SELECT endpoint, starts, ends, bool_or(is_full) AS is_filled
    FROM pairs
    GROUP BY endpoint, starts, ends
),

within AS (
    SELECT DISTINCT pairs.endpoint, pairs.narrow_starts AS starts, pairs.narrow_ends AS ends
    FROM pairs
    INNER JOIN filled
        ON
            pairs.endpoint = filled.endpoint
            AND pairs.starts = filled.starts
            AND pairs.ends = filled.ends
    WHERE NOT filled.is_filled
),

results AS NOT MATERIALIZED (
    SELECT
        file_no,
        line,
        -- Later readings have higher numbers: files are numbered by name.
        file_no * 1000000000000 + line AS reading,
        bucket.start_time AS start_time,
        bucket.end_time AS end_time,
        unnest(bucket.results) AS result
    FROM buckets
),

read AS NOT MATERIALIZED (
    SELECT
        *,
        TRY_CAST(start_time AS BIGINT) AS starts,
        TRY_CAST(end_time AS BIGINT) AS ends,
        coalesce(
            regexp_extract(result.object, '^organization\.usage\.(.+)\.result$', 1), ''
        ) AS endpoint,
        coalesce(result.project_id, '') AS project
    FROM results
),

of_projects AS (
    SELECT endpoint, start_time, end_time, project, max(reading) AS newest
    FROM read
    GROUP BY endpoint, start_time, end_time, project
),

of_buckets AS (
    SELECT
        endpoint,
        start_time,
        end_time,
        max(newest) AS newest,
        max(newest) FILTER (WHERE project = '') AS newest_of_all_projects
    FROM of_projects
    GROUP BY endpoint, start_time, end_time
)

SELECT
    read.file_no,
    read.line,
    CASE
        WHEN read.endpoint = '' AND read.result.object IS DISTINCT FROM 'organization.costs.result'
            THEN 'object|no known kind of usage'
    END AS wrong,
    CASE
        WHEN read.result.object = 'organization.costs.result' THEN 'cost, which is a bill'
        WHEN
            read.endpoint IN (
                'vector_stores', 'code_interpreter_sessions', 'file_searches', 'web_searches'
            )
            THEN 'no use of a model'
        WHEN read.project = '' AND read.reading < of_buckets.newest THEN 'duplicate'
        WHEN
            read.reading < greatest(of_projects.newest, of_buckets.newest_of_all_projects)
            THEN 'duplicate'
        WHEN filled.is_filled THEN 'filled by narrower buckets'
        WHEN within.starts IS NOT NULL THEN 'within a wider bucket'
    END AS left_out,
    'bucket' AS grain,
    'openai' AS provider,
    read.project AS account_id,
    read.start_time AS started_at,
    read.end_time AS ended_at,
    read.result.model AS model,
    read.endpoint AS operation,
    read.result.service_tier AS service_tier,
    read.result.batch AS is_batch,
    read.result.num_model_requests AS requests,
    read.result.input_tokens AS input_tokens,
    read.result.input_cached_tokens AS input_tokens_cache_read,
    read.result.input_cache_write_tokens AS input_tokens_cache_write,
    read.result.output_tokens AS output_tokens,
    read.result.images AS images
FROM read
LEFT JOIN of_projects
    ON
        read.endpoint = of_projects.endpoint
        AND read.project = of_projects.project
        AND read.start_time = of_projects.start_time
        AND read.end_time = of_projects.end_time
LEFT JOIN of_buckets
    ON
        read.endpoint = of_buckets.endpoint
        AND read.start_time = of_buckets.start_time
        AND read.end_time = of_buckets.end_time
LEFT JOIN filled
    ON read.endpoint = filled.endpoint AND read.starts = filled.starts AND read.ends = filled.ends
LEFT JOIN within
    ON read.endpoint = within.endpoint AND read.starts = within.starts AND read.ends = within.ends
