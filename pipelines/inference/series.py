"""Time series: samples of counters and gauges become records of the time between them.

Belongs here: the steps every format of series takes. A format says which metrics it wants and, in
a view `series_named`, what each series counts as; `vllm`, `dcgm` and `series_mapping` are such.

    head_no, identity, device     the series; samples of one identity are one, however written
    field, factor, precision      what a counter adds up to, and 1 for whole units, 1000 for time
    ceiling, preference, is_part  of gauges: the highest value there can be; which of two metrics of
                                  one identity is better; whether it is a part of its device
    held_field, held_factor       of gauges: what is held for as long as the sample stands
    record                        a struct of fields of the record

**Counters** (grain `counter`): a record is what was counted from one sample until the next one,
[previous, this): new - old, or new where it fell, because a restart counts from 0. The first
sample of a series has nothing to be compared with and is left out: what a counter already showed
is from before. A gap in scraping is one long record, which the driver spreads over its hours.
Samples that lie together in an hour are summed to one record. Where a server's clock went back,
times and values disagree: a fall between two samples that were written in the other order is no
restart, and the series rises from its highest value. 100, 108, 3 adds 8 and 3.

**Gauges** (grain `sample`): a sample holds its value until the next one of its series, at most
three times the series' usual interval (the day's median, to a second), and the last one for one
interval. With a declared interval a sample holds for exactly that, less where the next one comes
sooner. A GPU at 30 % for 15 s is 4.5 s busy and 15 s held.

Samples come as Prometheus or OpenMetrics text, `promtool tsdb dump`, answers of the query API or
VictoriaMetrics' JSON lines. Text without times is dated by the name of its file
(20260905T101500Z, 2026-09-05_10-15-00, epoch digits). Where labels name neither pod nor instance,
the folders of a file's name do, those that are dates aside. NaN is no value: Prometheus marks so
where a series ends.
"""

from collections.abc import Callable
from typing import Final

import duckdb

from pipelines.errors import ContractBroken
from pipelines.inference.log_files import Kind
from pipelines.queries import materialise, query, sql

WRONG: Final = (
    "(line)|not a sample of a time series",
    "(line)|the labels cannot be read",
    "started_at|not a time",
    "started_at|no time zone",
    "started_at|no time, neither in the line nor in the name of the file",
    "NaN: no value, or the end of a series",
    "value|not a number",
    "value|infinite",
    "value|negative",
    "value|above the highest there can be",
    "(line)|the series has no name: ask for the metric itself, not for a rate or sum of it",
)
"""What may be wrong with a sample, by the numbers of `series_points`; the sixth is left out."""

LONGEST_HOLD: Final = 3
"""A sample stands for at most so many usual intervals: longer, and nobody was looking."""

TEXT_NAMES: Final = (".prom", ".txt", ".om", ".openmetrics", ".metrics", ".dump", ".json", ".jsonl")


def is_series_file(name: str) -> bool:
    """Whether a file may hold samples as text or JSON, by its name."""
    return name.lower().removesuffix(".gz").endswith(TEXT_NAMES)


def as_text(name: str) -> Kind | None:
    """Every such file is read line by line: text and JSON lie in one folder."""
    return "text" if is_series_file(name) else None


def text_samples(wanted: str) -> Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyRelation]:
    """Lines of text as samples, before they are written down.

    `wanted` is a pattern that every line of the metrics in question matches.
    """
    return lambda con: query(con, "inference/series/samples", wanted=wanted)


def read_series(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `series_files` and `series_heads`, and make the view `series_lines`."""
    materialise(con, "series_files", "inference/series/files")
    con.execute(f"CREATE OR REPLACE TEMP VIEW series_lines AS {sql('inference/series/exposition')}")
    name_heads(con)


def name_heads(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `series_heads` from `series_lines` and `series_files`.

    Raises:
        ContractBroken: two series have the same hash: once in a billion sources.
    """
    materialise(con, "series_heads", "inference/series/heads")
    alike = con.sql("SELECT count(*) - count(DISTINCT head_hash) FROM series_heads").fetchall()
    if alike[0][0]:
        table = "series_heads"
        raise ContractBroken(table, f"{alike[0][0]} series have the hash of another")


def read_points(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `series_roles`, `series_records` and `series_points` from the view `series_named`."""
    materialise(con, "series_roles", "inference/series/roles")
    materialise(con, "series_records", "inference/series/records")
    materialise(con, "series_points", "inference/series/points")


def counter_records(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """The records of counters, from `series_points`."""
    materialise(con, "series_deltas", "inference/series/deltas")
    is_out_of_place = "SELECT bool_or(is_out_of_place) FROM series_deltas"
    if con.sql(is_out_of_place).fetchall()[0][0]:
        materialise(con, "series_by_high", "inference/series/deltas_by_high")
        con.execute(
            "DELETE FROM series_deltas WHERE series_no IN (SELECT series_no FROM series_by_high)"
        )
        con.execute("INSERT INTO series_deltas BY NAME FROM series_by_high")
    return query(con, "inference/series/counter_records", wrong=list(WRONG), grain="counter")


def amount_records(con: duckdb.DuckDBPyConnection, interval_ms: int) -> duckdb.DuckDBPyRelation:
    """The records of series whose samples are amounts of the interval that begins with them."""
    materialise(con, "series_deltas", "inference/series/amounts", {"interval": interval_ms})
    return query(con, "inference/series/counter_records", wrong=list(WRONG), grain="bucket")


def gauge_records(
    con: duckdb.DuckDBPyConnection, interval_ms: int | None = None
) -> duckdb.DuckDBPyRelation:
    """The records of gauges, from `series_points`; `interval_ms` is what a sample stands for."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW series_used AS {sql('inference/series/used')}")
    if interval_ms is None:
        materialise(con, "series_intervals", "inference/series/intervals")
    else:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE series_intervals "
            "(series_no UINTEGER, day BIGINT, usual BIGINT)"
        )
    limits = {"interval": interval_ms, "longest": LONGEST_HOLD}
    materialise(con, "series_holds", "inference/series/holds", limits)
    if con.sql("SELECT bool_or(is_shared) FROM series_holds").fetchall()[0][0]:
        materialise(con, "series_shared", "inference/series/shared_holds", limits)
        con.execute(
            "DELETE FROM series_holds WHERE series_no IN (SELECT series_no FROM series_shared)"
        )
        con.execute("INSERT INTO series_holds BY NAME FROM series_shared")
    return query(con, "inference/series/gauge_records", wrong=list(WRONG))
