-- The lines of JSON files, of each only what the format takes; strict: a line that is no JSON stops
-- the query.
-- grain:  line, in the order of the files
-- params: none; variables log_paths, log_numbers, log_names, log_structure
SELECT
    getvariable('log_numbers')[list_position(getvariable('log_paths'), filename)]::INTEGER
        AS file_no,
    NULL::BIGINT AS line,
    getvariable('log_names')[list_position(getvariable('log_paths'), filename)]::VARCHAR AS file,
    from_json(json, getvariable('log_structure')) AS r,
    -- An array or a bare value is no record: the careful reader takes it apart or rejects it.
    CASE WHEN NOT starts_with(ltrim(json), '{') THEN '(line)|not a JSON object' END AS wrong
FROM read_json_objects(
    getvariable('log_paths'),
    format = 'newline_delimited',
    filename = true,
    maximum_object_size = 16777216
)
