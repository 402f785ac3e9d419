-- The lines of repaired text files: line number, what is wrong with it, its text.
-- grain:  line, in the order of the files
-- params: none; variables log_paths, log_numbers, log_names
SELECT
    getvariable('log_numbers')[list_position(getvariable('log_paths'), filename)]::INTEGER
        AS file_no,
    line::BIGINT AS line,
    getvariable('log_names')[list_position(getvariable('log_paths'), filename)]::VARCHAR AS file,
    coalesce(content, '') AS r,
    wrong
FROM read_csv(
    getvariable('log_paths'),
    header = true,
    filename = true,
    auto_detect = false,
    columns = {'line': 'VARCHAR', 'wrong': 'VARCHAR', 'content': 'VARCHAR'},
    delim = ',',
    quote = '"',
    escape = '"',
    nullstr = '',
    strict_mode = true,
    max_line_size = 33554432
)
