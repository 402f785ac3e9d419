-- The lines of one repaired text file: line number, what is wrong with it, its text.
-- grain:  line
-- params: none; variables log_paths, log_numbers, log_names
SELECT
    getvariable('log_numbers')[1]::INTEGER AS file_no,
    line::BIGINT AS line,
    getvariable('log_names')[1]::VARCHAR AS file,
    coalesce(content, '') AS r,
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
