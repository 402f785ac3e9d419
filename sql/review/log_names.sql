-- The names models go by in a month's logs.
-- grain:  model, model_version
-- params: $usage_files list
SELECT DISTINCT model, model_version
FROM read_parquet($usage_files, union_by_name => true)
ORDER BY model, model_version
