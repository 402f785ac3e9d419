"""OpenAI's organization usage API: pages of buckets, as they were answered and stored.

A file holds one page (`{"object": "page", "data": [bucket, ...]}`, over one line or many), an array
of pages, or a page or bucket a line. Any endpoint below `/v1/organization/usage/` may lie below one
`path`: completions, embeddings, moderations, images, audio. Decisions:

- **A bucket is replaced, never added**: the newest bucket is still filling when it is read. Of two
  readings of one bucket, endpoint and project the later one counts, which is the one in the later
  file by name (`usage-2026-09-05T02.json` after `usage-2026-09-04T02.json`) and there in the later
  line; the earlier are duplicates. A reading that is not grouped by project has all projects, so
  that it replaces and is replaced by any. Downloads of one project each must be grouped by project.
- **Two widths** (1m, 1h, 1d) of one time are one use: where narrow buckets fill a wide one without
  a gap, they count, else the wide one.
- **Null group keys** mean "not grouped", not "none". Ask with `group_by=model` (and `project_id`,
  `batch`, `service_tier`): a result without a model is rejected unless `defaults = { model = ... }`
  says which it is. Not grouped by batch is read as no batch.
- **Tokens** are inclusive: `input_tokens` has the cached ones and every modality in it. Speech and
  transcription count requests only: their characters and seconds are no tokens.
- **Left out**: vector stores, code interpreter sessions, file and web searches are no use of a
  model (the model's own call is counted under completions); costs are a bill (`format = "openai"`).
- The **account** is the project, as on the bill; users and API keys are summed together.

Grain `bucket`: spread over its hours. A bucket has whole seconds of UTC.
"""

from typing import Any, Final

from pipelines.inference.formats import LogFormat
from pipelines.queries import query

_RESULT: Final[dict[str, Any]] = dict.fromkeys(
    (
        "object",
        "project_id",
        "model",
        "batch",
        "service_tier",
        "num_model_requests",
        "input_tokens",
        "input_cached_tokens",
        "input_cache_write_tokens",
        "output_tokens",
        "images",
    ),
    "VARCHAR",
)
_BUCKET: Final[dict[str, Any]] = {
    "start_time": "VARCHAR",
    "end_time": "VARCHAR",
    "results": [_RESULT],
}

FORMAT: Final = LogFormat(
    name="openai-usage",
    rank="bucket",
    structure={**_BUCKET, "data": [_BUCKET]},
    records=lambda con: query(con, "inference/openai_usage/records"),
    unit="source",
    has_documents=True,
)
