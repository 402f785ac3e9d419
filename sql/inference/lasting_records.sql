-- Whether there are records of a time, which may be longer than an hour.
-- grain:  one row
-- params: none
SELECT count(*) > 0 AS has_any
FROM (SELECT 1 FROM unspread_records WHERE grain <> 'request' AND ended_at IS NOT NULL LIMIT 1)
