-- Spans that report an answer another span of the same log reports: of each answer the one with
-- tokens counts, of these the first.
-- grain:  node
-- params: $spans integer (rank of spans); view log_member_ids
SELECT DISTINCT node
FROM (
    SELECT
        node,
        row_number() OVER (
            PARTITION BY source_no, id_hash ORDER BY has_no_tokens, started_at, node
        ) AS place
    FROM log_member_ids
    WHERE is_answer AND node >> 60 = $spans
)
WHERE place > 1
