-- What the footers of Parquet files say of each column; NULL in all but `rows`: they do not say.
-- grain:  file x column, for files with rows
-- params: $files text list
SELECT
    file_name AS file,
    path_in_schema AS name,
    sum(row_group_num_rows)::BIGINT AS rows,
    CASE WHEN count(stats_null_count) = count(*) THEN sum(stats_null_count)::BIGINT END AS nulls,
    CASE WHEN count(stats_min_value) = count(*) THEN min(stats_min_value) END AS lowest,
    CASE WHEN count(stats_max_value) = count(*) THEN max(stats_max_value) END AS highest
FROM parquet_metadata($files)
GROUP BY file_name, path_in_schema
