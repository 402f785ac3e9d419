-- The lines of text files; a blank line is an empty text.
-- grain:  line, in the order of the files
-- params: none; variables log_paths, log_numbers, log_names
SELECT
    getvariable('log_numbers')[list_position(getvariable('log_paths'), filename)]::INTEGER
        AS file_no,
    NULL::BIGINT AS line,
    getvariable('log_names')[list_position(getvariable('log_paths'), filename)]::VARCHAR AS file,
    coalesce(rtrim(text, chr(13)), '') AS r,
    NULL::VARCHAR AS wrong
FROM read_csv(
    getvariable('log_paths'),
    columns = {'text': 'VARCHAR'},
    auto_detect = false,
    header = false,
    delim = chr(1),
    quote = '',
    escape = '',
    comment = '',
    new_line = '\n',
    strict_mode = false,
    filename = true,
    max_line_size = 16777216
)
