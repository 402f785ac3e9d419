-- The hours in which calls of a source without a link are taken to be in a better log: it counted
-- what the others of them are linked with. Answered calls only where that log has calls of its own
-- left for them or where they are few: else they went where that log does not look.
-- grain:  source_no, better_no, provider, account_id, region, resource_id, model, hour, is_ok
-- params: none; tables log_pair_skews, log_own_hours, log_better_hours
WITH pairs AS (
    SELECT * EXCLUDE (skew_seconds, linked), sum(linked)::BIGINT AS linked
    FROM log_pair_skews
    GROUP BY ALL
),

-- Which way calls went, and how many of them are linked with one better log and with any.
ways AS (
    SELECT
        *,
        sum(linked_here) OVER (
            PARTITION BY source_no, provider, account_id, region, resource_id, model
        ) AS linked
    FROM (
        SELECT
            * EXCLUDE (better_provider, better_model, linked),
            sum(linked)::BIGINT AS linked_here
        FROM pairs
        GROUP BY ALL
    )
),

better AS (
    SELECT
        source_no AS better_no,
        provider AS better_provider,
        model AS better_model,
        hour,
        sum(requests)::BIGINT AS requests
    FROM log_better_hours
    GROUP BY ALL
),

covered AS (
    SELECT
        * EXCLUDE (better_provider, better_model, linked, requests),
        sum(requests)::BIGINT AS better_requests
    FROM pairs
    JOIN better USING (better_no, better_provider, better_model)
    GROUP BY ALL
),

own AS (
    SELECT
        * EXCLUDE (is_ok, requests),
        sum(requests)::BIGINT AS requests,
        coalesce(sum(requests) FILTER (WHERE is_ok), 0)::BIGINT AS answered
    FROM log_own_hours
    GROUP BY ALL
),

judged AS (
    SELECT
        source_no,
        better_no,
        provider,
        account_id,
        region,
        resource_id,
        model,
        sum(requests) - max(linked) AS without_link,
        sum(answered) - max(linked) AS answered_without_link,
        sum(answered) AS answered,
        sum(better_requests) - max(linked_here) AS better_left
    FROM own
    JOIN covered
        USING (source_no, better_no, provider, account_id, region, resource_id, model, hour)
    JOIN ways USING (source_no, better_no, provider, account_id, region, resource_id, model)
    GROUP BY ALL
)

SELECT
    source_no,
    better_no,
    provider,
    account_id,
    region,
    resource_id,
    model,
    hour,
    is_ok
FROM log_own_hours
JOIN covered USING (source_no, better_no, provider, account_id, region, resource_id, model, hour)
JOIN judged USING (source_no, better_no, provider, account_id, region, resource_id, model)
WHERE
    without_link > 0
    AND (NOT is_ok OR answered_without_link <= greatest(better_left, answered // 10))
