-- The results of OpenAI's usage buckets; what a later reading or narrower buckets replace is left
-- out.
-- grain:  file_no, line, bucket, result
-- params: none
WITH buckets AS (
    SELECT
        file_no,
        line,
        -- Later readings sort after earlier ones: by file name, then by line.
        file || chr(1) || lpad(line::VARCHAR, 12, '0') AS reading,
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

timed AS (
    SELECT
        file_no,
        line,
        reading,
        bucket,
        TRY_CAST(bucket.start_time AS BIGINT) AS starts,
        TRY_CAST(bucket.end_time AS BIGINT) AS ends,
        -- A bucket without use has no result that tells its endpoint: the others of its page do.
        max(
            regexp_extract(bucket.results[1].object, '^organization\.usage\.(.+)\.result$', 1)
        ) OVER (PARTITION BY file_no, line) AS endpoint
    FROM buckets
),

spans AS (
    SELECT DISTINCT endpoint, starts, ends
    FROM timed
    WHERE ends > starts
),

-- How far narrow buckets of one width fill a wide one.
fillings AS (
    SELECT
        wide.endpoint,
        wide.starts,
        wide.ends,
        sum(narrow.ends - narrow.starts) = wide.ends - wide.starts AS is_full
    FROM spans AS wide
    INNER JOIN spans AS narrow
        ON
            wide.endpoint = narrow.endpoint
            AND wide.starts <= narrow.starts
            AND wide.ends >= narrow.ends
            AND wide.ends - wide.starts > narrow.ends - narrow.starts
    GROUP BY wide.endpoint, wide.starts, wide.ends, narrow.ends - narrow.starts
),

wide_spans AS (
    SELECT endpoint, starts, ends, bool_or(is_full) AS is_filled
    FROM fillings
    GROUP BY endpoint, starts, ends
),

results AS (
    SELECT file_no, line, reading, starts, ends, bucket, unnest(bucket.results) AS result
    FROM timed
),

named AS (
    SELECT
        *,
        coalesce(
            regexp_extract(result.object, '^organization\.usage\.(.+)\.result$', 1), ''
        ) AS endpoint,
        coalesce(result.project_id, '') AS project
    FROM results
),

read AS (
    SELECT
        *,
        max(reading) OVER (PARTITION BY endpoint, starts, ends) AS newest,
        max(reading) OVER (PARTITION BY endpoint, starts, ends, project) AS newest_of_project,
        max(CASE WHEN project = '' THEN reading END) OVER (PARTITION BY endpoint, starts, ends)
            AS newest_of_all_projects
    FROM named
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
        WHEN read.project = '' AND read.reading < read.newest THEN 'duplicate'
        WHEN
            read.reading
            < greatest(read.newest_of_project, coalesce(read.newest_of_all_projects, ''))
            THEN 'duplicate'
        WHEN own.is_filled THEN 'filled by narrower buckets'
        WHEN
            EXISTS (
                SELECT 1
                FROM wide_spans AS wide
                WHERE
                    NOT wide.is_filled
                    AND wide.endpoint = read.endpoint
                    AND wide.starts <= read.starts
                    AND wide.ends >= read.ends
                    AND wide.ends - wide.starts > read.ends - read.starts
            )
            THEN 'within a wider bucket'
    END AS left_out,
    'bucket' AS grain,
    'openai' AS provider,
    read.project AS account_id,
    read.bucket.start_time AS started_at,
    read.bucket.end_time AS ended_at,
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
LEFT JOIN wide_spans AS own
    ON read.endpoint = own.endpoint AND read.starts = own.starts AND read.ends = own.ends
