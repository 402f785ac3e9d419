-- How many seconds the clock of a source is behind that of a better one: the middle of all links.
-- grain:  source_no, better_no
-- params: none; table log_pair_skews
SELECT
    source_no,
    better_no,
    min(skew_seconds) FILTER (WHERE passed * 2 >= whole)::BIGINT AS skew_seconds,
    max(whole)::BIGINT AS linked
FROM (
    SELECT
        source_no,
        better_no,
        skew_seconds,
        sum(linked) OVER (PARTITION BY source_no, better_no ORDER BY skew_seconds) AS passed,
        sum(linked) OVER (PARTITION BY source_no, better_no) AS whole
    FROM (
        SELECT source_no, better_no, skew_seconds, sum(linked) AS linked
        FROM log_pair_skews
        GROUP BY source_no, better_no, skew_seconds
    )
)
GROUP BY source_no, better_no
