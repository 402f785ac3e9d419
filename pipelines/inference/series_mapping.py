"""A mapping file for time series: which metrics are which fields of the record.

Belongs here: what a mapping of `kind` counters, gauges or amounts may say, and the format it makes;
`series` reads the samples. All that can be said:

    kind = "counters"             # what was counted between two samples, restarts seen
                                  # "gauges": a value that holds until the next sample
                                  # "amounts": what was in the interval that begins with the sample
    [metrics]                     # metric = field of the record, or more about it
    nv_inference_request_success = "requests"
    nv_inference_request_failure = { field = "requests", status = "error" }
    gpu_duty_cycle = { field = "gpu_ms", scale = 0.01, held = "gpu_held_ms", highest = 100 }
    [labels]                      # field = label, the first of several that is there, or several
    model = "model"
    resource_id = ["node", { concat = ["namespace", "pod"], with = "/" }]
    [constants]                   # what is the same in every record
    provider = "aws"
    [table]                       # samples are rows of a CSV, Parquet or JSON lines file; without
    metric = "metric"             # this they are Prometheus text or answers of its query API
    time = "timestamp_s"
    value = "value"
    [reading]
    interval = 57                 # seconds a sample stands for; found from the samples if not said
    series = ["gpu"]              # of a table: further columns that tell series apart
    ignore = ["job"]              # of text: labels that do not; two scrapes of one server are one

A counter's number times `scale` is in the field's unit: requests, tokens, images, or milliseconds
of gpu_ms, gpu_held_ms, vcpu_ms and memory_gib_ms. A gauge times `scale` is how many GPUs (vCPUs,
GiB) are in use at once: the field is that over time; `held` is what is held as long as there are
samples at all, 1 times `held_scale`. Values above `highest` are rejects.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import duckdb
from pydantic import AfterValidator, Field, ValidationError, model_validator

from pipelines.errors import SettingsInvalid
from pipelines.inference.formats import LogFormat, no_problem
from pipelines.inference.log_files import kind_of_name
from pipelines.inference.mapped_values import quoted
from pipelines.inference.series import (
    amount_records,
    as_text,
    counter_records,
    gauge_records,
    is_series_file,
    read_points,
    read_series,
    text_samples,
)
from pipelines.queries import identifier, load, query, rows_of, sql
from pipelines.settings import Section, parse_toml, problems_of

COUNTS: Final = (
    "requests",
    "input_tokens",
    "input_tokens_cache_read",
    "input_tokens_cache_write",
    "output_tokens",
    "output_tokens_reasoning",
    "images",
)
TIMES: Final = ("gpu_ms", "gpu_held_ms", "vcpu_ms", "memory_gib_ms")
NAMES: Final = (
    "model",
    "model_version",
    "resource_id",
    "provider",
    "account_id",
    "region",
    "operation",
    "tenant",
    "use_case",
    "service_tier",
    "status",
)
REPLICAS: Final = ("prometheus", "prometheus_replica", "__replica__", "receive_replica")
"""Labels that two Prometheus servers give the same series of one target."""

_MEANINGS: Final = {
    "head_no": "UINTEGER",
    "identity": "VARCHAR",
    "field": "VARCHAR",
    "factor": "DOUBLE",
    "precision": "DOUBLE",
    "ceiling": "DOUBLE",
    "held_field": "VARCHAR",
    "held_factor": "DOUBLE",
    **dict.fromkeys(NAMES, "VARCHAR"),
}


def _names(given: Mapping[str, object]) -> Mapping[str, object]:
    for name in given:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0)
            message = f"{name!r} is no field that names a record; the nearest is {near[0]!r}"
            raise ValueError(message)
    return given


class Joined(Section):
    """Several labels as one text; none if one of them is missing."""

    concat: Annotated[list[str], Field(min_length=1)]
    with_: Annotated[str, Field(alias="with")] = ""


class Metric(Section):
    """What a metric is of the record."""

    field: Literal[
        "requests",
        "input_tokens",
        "input_tokens_cache_read",
        "input_tokens_cache_write",
        "output_tokens",
        "output_tokens_reasoning",
        "images",
        "gpu_ms",
        "gpu_held_ms",
        "vcpu_ms",
        "memory_gib_ms",
    ]
    scale: Annotated[float, Field(gt=0)] = 1
    status: str | None = None
    operation: str | None = None
    held: Literal["gpu_held_ms", "vcpu_ms"] | None = None
    held_scale: Annotated[float, Field(gt=0)] = 1
    highest: Annotated[float, Field(gt=0)] | None = None


class Table(Section):
    """The columns of a table of samples."""

    metric: str
    time: str
    value: str


class SeriesReading(Section):
    """How the samples are to be understood."""

    interval: Annotated[float, Field(gt=0)] | None = None
    series: list[str] = []
    ignore: list[str] = ["job"]


Label = str | Joined


def _metric(given: object) -> object:
    return {"field": given} if isinstance(given, str) else given


class SeriesMapping(Section):
    """A mapping file of time series."""

    kind: Literal["counters", "gauges", "amounts"]
    metrics: Annotated[dict[str, Metric], Field(min_length=1)]
    labels: Annotated[dict[str, Label | list[Label]], AfterValidator(_names)] = {}
    constants: Annotated[dict[str, str], AfterValidator(_names)] = {}
    table: Table | None = None
    reading: SeriesReading = SeriesReading()

    @model_validator(mode="before")
    @classmethod
    def _short_metrics(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("metrics"), dict):
            metrics = {name: _metric(value) for name, value in given["metrics"].items()}
            return {**given, "metrics": metrics}
        return given

    @model_validator(mode="after")
    def _says_enough(self) -> "SeriesMapping":
        if problems := [*self._problems()]:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if "model" not in {*self.labels, *self.constants}:
            yield "model is missing: name its label under [labels], or the model under [constants]"
        for name in {*self.labels} & {*self.constants}:
            yield f"{name} is both a label and a constant"
        if self.kind == "amounts" and self.reading.interval is None:
            yield "reading.interval is missing: how many seconds the amounts are of"
        for name, metric in self.metrics.items():
            if self.kind == "gauges" and metric.field not in TIMES:
                yield f"metrics.{name}: {metric.field} is counted; a gauge is one of {TIMES}"
            if self.kind != "gauges" and metric.held is not None:
                yield f'metrics.{name}: held is for kind = "gauges"'
        if self.table is None and self.reading.series:
            yield "reading.series is for a [table]: of text, every label tells series apart"

    def columns(self) -> list[str]:
        """The columns of a table that are read."""
        if self.table is None:
            return []
        named = [self.table.metric, self.table.time, self.table.value, *self.label_names()]
        return list(dict.fromkeys(named))

    def label_names(self) -> list[str]:
        """The labels that are read, each once."""
        found = list(self.reading.series)
        for given in self.labels.values():
            for label in given if isinstance(given, list) else [given]:
                found += [label] if isinstance(label, str) else label.concat
        return list(dict.fromkeys(found))


def parse_series_mapping(text: str, file: str) -> SeriesMapping:
    """The mapping in the text of a mapping file.

    Raises:
        SettingsInvalid: names every wrong or unknown key.
    """
    try:
        return SeriesMapping.model_validate(parse_toml(text, file))
    except ValidationError as error:
        raise SettingsInvalid(file, list(dict.fromkeys(problems_of(error)))) from error


def series_format(text: str, file: str) -> LogFormat:
    """The format of the series that a mapping file describes.

    Raises:
        SettingsInvalid: names every wrong or unknown key.
    """
    mapping = parse_series_mapping(text, file)

    def records(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        read_series(con)
        load(con, "series_meanings", _MEANINGS, _meanings(con, mapping))
        con.execute(f"CREATE OR REPLACE TEMP VIEW series_named AS {sql('inference/series/named')}")
        read_points(con)
        interval = mapping.reading.interval
        interval_ms = None if interval is None else round(interval * 1000)
        if mapping.kind == "gauges":
            return gauge_records(con, interval_ms)
        if interval_ms is not None and mapping.kind == "amounts":
            return amount_records(con, interval_ms)
        return counter_records(con)

    is_text = mapping.table is None
    wanted = "|".join(_pattern(name) for name in mapping.metrics)
    return LogFormat(
        "mapped",
        "counter",
        None if is_text else dict.fromkeys(mapping.columns(), "VARCHAR"),
        records,
        unit="source",
        takes=is_series_file if is_text else lambda name: kind_of_name(name) is not None,
        kind_of=as_text if is_text else kind_of_name,
        trimmed=text_samples(wanted) if is_text else lambda con: _table_samples(con, mapping),
        problem_of=no_problem if is_text else lambda columns: _missing(mapping, file, columns),
        sums_lines=True,
    )


def _pattern(metric: str) -> str:
    """A pattern of a metric's name where it ends."""
    name = "".join(c if c.isalnum() or c == "_" else f"\\x{{{ord(c):x}}}" for c in metric)
    return rf"{name}[\s\"{{}}]"


def _missing(mapping: SeriesMapping, file: str, columns: Sequence[str]) -> str | None:
    """What is said of a table without a column that the mapping names."""
    there = {column.lower() for column in columns}
    if mapping.table is None:
        return None
    for name in (mapping.table.metric, mapping.table.time, mapping.table.value):
        if name.lower() not in there:
            near = difflib.get_close_matches(name, columns, n=1, cutoff=0)
            listed = f"; the nearest is {near[0]!r}" if near else ""
            return f"it has no column {name!r}, which [table] of {file} names{listed}"
    return None


def _table_samples(
    con: duckdb.DuckDBPyConnection, mapping: SeriesMapping
) -> duckdb.DuckDBPyRelation:
    """The rows of a table as samples, so far as their metric is wanted."""
    table = mapping.table
    if table is None:
        return con.sql("FROM log_lines")
    labels = ", ".join(f"{quoted(name)}, r.{identifier(name)}" for name in mapping.label_names())
    head = f"json_object('__name__', r.{identifier(table.metric)}{', ' if labels else ''}{labels})"
    con.execute("SET VARIABLE series_metrics = $names", {"names": list(mapping.metrics)})
    con.sql("FROM log_lines").project(
        f"file_no, line, file, wrong, r.{identifier(table.metric)} AS metric, "
        f"{head}::VARCHAR AS head, r.{identifier(table.value)} AS value, "
        f"trim(r.{identifier(table.time)}) AS moment"
    ).create_view("series_rows", replace=True)
    return query(con, "inference/series/table_samples")


def _meanings(con: duckdb.DuckDBPyConnection, mapping: SeriesMapping) -> Iterator[dict[str, Any]]:
    """What each series that the mapping names counts as."""
    ignored = {*mapping.reading.ignore, *REPLICAS}
    for head in rows_of(query(con, "inference/series/readable_heads")):
        metric = mapping.metrics.get(head["name"])
        if metric is None:
            continue
        labels: dict[str, str] = json.loads(head["labels"])
        told_apart = {name: value for name, value in labels.items() if name not in ignored}
        if mapping.table is None and not labels.keys() & {"pod", "exported_pod", "instance"}:
            told_apart["(server)"] = head["server"]
        yield {
            "head_no": head["head_no"],
            "identity": json.dumps([head["name"], sorted(told_apart.items())]),
            "field": metric.field,
            "factor": metric.scale,
            "precision": 0 if mapping.kind == "gauges" else 1 if metric.field in COUNTS else 1000,
            "ceiling": metric.highest,
            "held_field": metric.held,
            "held_factor": metric.held_scale,
            **mapping.constants,
            **{name: _label(given, labels) for name, given in mapping.labels.items()},
            **{
                name: value
                for name, value in (("status", metric.status), ("operation", metric.operation))
                if value is not None
            },
        }


def _label(given: Label | list[Label], labels: Mapping[str, str]) -> str | None:
    """What a series says of a field."""
    for label in given if isinstance(given, list) else [given]:
        if isinstance(label, str):
            if label in labels:
                return labels[label]
        elif all(name in labels for name in label.concat):
            return label.with_.join(labels[name] for name in label.concat)
    return None
