-- The columns of Parquet files and their types, from the footers alone.
-- grain:  file x column
-- params: $files text list
SELECT
    file_name AS file,
    name,
    duckdb_type AS type
FROM parquet_schema($files)
WHERE num_children IS NULL
ORDER BY file_name, column_id
