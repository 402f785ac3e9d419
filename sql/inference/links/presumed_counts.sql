-- How many records of a source without a link are taken to be in which better one.
-- grain:  source_no, better_no
-- params: none; table log_presumed
SELECT source_no, better_no, count(*) AS records
FROM (SELECT node, source_no, min(better_no) AS better_no FROM log_presumed GROUP BY ALL)
GROUP BY ALL
