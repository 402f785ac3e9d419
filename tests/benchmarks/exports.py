"""The exports that are measured: format and form, as the steps are called."""

EXPORTS = (
    "cur2-parquet",
    "focus-csv-gz",
    "focus-parquet",
    "gcp-jsonl-gz",
    "gcp-parquet",
    "azure-csv-gz",
    "azure-parquet",
    "alibaba-csv-gz",
)
