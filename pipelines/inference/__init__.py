"""What was used: inference logs become requests, tokens and GPU time per hour.

`records` says what a record is, `formats` what a log format is and `registered` which there are, a
module each (`bedrock`, `otel`, `litellm`, `vllm`, ...), `mapped` and `series_mapping` those that a
mapping file makes. A month's reading begins in `usage`: `staging` brings lines of the record itself
into Parquet and `structured` those of every other format, `series` reads counters and gauges,
`repair` the files that have bad lines, `linking` finds calls that several logs saw, and `coverage`
says which hours were watched. Prompt and completion text is never kept.
"""
