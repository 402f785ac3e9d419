"""What was used: inference logs become requests, tokens and GPU time per hour.

`records` says what a log line is, `log_files` what a file is, `staging` brings the lines of text
files into Parquet, `repair` reads the files that have bad lines, `usage` counts each request once,
`coverage` says which hours were watched. Prompt and completion text is never kept.
"""
