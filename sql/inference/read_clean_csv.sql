-- The lines of one repaired file: line number, what is wrong with it, text fields.
-- grain:  line
-- params: $files list of one path
SELECT * REPLACE (line::BIGINT AS line)
FROM read_csv(
    $files,
    header = true,
    auto_detect = true,
    all_varchar = true,
    delim = ',',
    quote = '"',
    escape = '"',
    nullstr = '',
    strict_mode = true,
    filename = true,
    max_line_size = 16777216
)
