-- What became of the lines of an inspected export's files, month by month.
-- grain:  billing_month
-- params: none (reads inspected_files)
SELECT
    billing_month,
    count(*) AS files,
    sum(lines_read)::BIGINT AS lines_read,
    sum(split_rows)::BIGINT AS split_rows,
    sum(other_months)::BIGINT AS other_months,
    sum(left_out)::BIGINT AS left_out,
    sum(rejects)::BIGINT AS rejects,
    sum(abs(rounding)) AS rounding
FROM inspected_files
GROUP BY billing_month
ORDER BY billing_month
