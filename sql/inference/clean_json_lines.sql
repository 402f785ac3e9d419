-- The lines of one repaired JSON or CSV file: line number, what is wrong with it, what the format takes of it.
-- grain:  line
-- params: none; variables log_paths, log_numbers, log_names, log_structure
SELECT
    getvariable('log_numbers')[1]::INTEGER AS file_no,
    line::BIGINT AS line,
    getvariable('log_names')[1]::VARCHAR AS file,
    from_json(content, getvariable('log_structure')) AS r,
    wrong
FROM read_csv(
    getvariable('log_paths'),
    header = true,
    auto_detect = false,
    columns = {'line': 'VARCHAR', 'wrong': 'VARCHAR', 'content': 'VARCHAR'},
    delim = ',',
    quote = '"',
    escape = '"',
    nullstr = '',
    strict_mode = true,
    max_line_size = 33554432
)
