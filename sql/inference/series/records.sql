-- What the records of each group of series say of themselves.
-- grain:  record_no
-- params: none
SELECT DISTINCT record_no, unnest(record) FROM series_roles
