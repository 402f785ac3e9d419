"""What the lake promises to one run and its readers; races and kills are in test_lake_races."""

import os
import time
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable
from lake_writer import STAGED, publication, rows, run_month

from assets.lake import Lake, Publication
from pipelines.contracts import EXPORT_TOTALS, PUBLICATIONS, TABLES
from pipelines.errors import ContractBroken, LakeUnreachable, MonthNotPublished, PublicationLost
from pipelines.settings import LakeSettings, Storage

TOTALS = EXPORT_TOTALS.name
MONTH = "2026-09"


def values(lake: Lake, month: str = MONTH, published: Publication | None = None) -> set[int]:
    """The values in a month's tables: one, if they are all of one run."""
    chosen = published or lake.require_latest(month)
    found = [lake.read(table, month, chosen)[money_of(table)] for table in STAGED]
    return {int(value) for column in found for value in column}


def money_of(table: str) -> str:
    return next(
        name
        for name, kind in TABLES[table].columns.items()
        if kind.startswith("DEC") and name not in TABLES[table].key
    )


def delta(lake: Lake, home, table: str, version: int | None = None) -> DeltaTable:
    return DeltaTable(lake.uri(table), version, storage_options=lake._store.options())


def test_what_is_read_is_what_was_written_to_the_last_digit(lake_home):
    lake = lake_home.opened
    handle = lake.begin(MONTH, "r1")
    written_rows = rows(TOTALS, MONTH, 7).with_columns(
        export_total=pl.lit(Decimal("-12345678901234567890.123456789012345678"), pl.Decimal(38, 18))
    )
    written = lake.write(TOTALS, MONTH, written_rows, "r1")
    lake.publish(handle, publication(MONTH, 7, {TOTALS: written.as_published()}))
    key = list(EXPORT_TOTALS.key)
    assert lake.read(TOTALS, MONTH).sort(key).equals(written_rows.sort(key))
    assert lake.read(TOTALS, MONTH).schema == EXPORT_TOTALS.polars_schema
    assert written.rows == 3


def test_a_relation_is_written_as_a_frame_is(lake_home):
    lake, con = lake_home.opened, duckdb.connect()
    handle = lake.begin(MONTH, "r1")
    frame_written = lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 7), "r1")
    shuffled = ", ".join(f'"{name}"' for name in sorted(EXPORT_TOTALS.columns))
    source = lake.relation(con, TOTALS, lake.staged_files(frame_written)).project(shuffled)
    source = con.sql("SELECT * FROM source WHERE lines = $lines", params={"lines": 7})
    written = lake.write(TOTALS, MONTH, source, "r1")
    lake.publish(handle, publication(MONTH, 7, {TOTALS: written.as_published()}))
    key = list(EXPORT_TOTALS.key)
    assert lake.read(TOTALS, MONTH).sort(key).equals(rows(TOTALS, MONTH, 7).sort(key))


def test_an_unpublished_run_is_invisible(lake_home):
    lake = lake_home.opened
    run_month(lake, MONTH, 1)
    lake.begin(MONTH, "r2")
    staged = lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 2), "r2")
    assert values(lake) == {1}
    assert pl.read_parquet(lake.staged_files(staged))["lines"].to_list() == [2, 2, 2]
    with pytest.raises(MonthNotPublished, match="2026-08 has not been published"):
        lake.read(TOTALS, "2026-08")


def test_a_restated_month_replaces_and_the_earlier_publication_stays_file_for_file(lake_home):
    lake = lake_home.opened
    run_month(lake, MONTH, 1)
    run_month(lake, "2026-08", 5)
    first = lake.require_latest(MONTH)
    before = {table: lake.parquet_files(first, table) for table in STAGED}
    run_month(lake, MONTH, 2)
    assert values(lake) == {2}
    assert values(lake, "2026-08") == {5}
    assert [found.inputs["value"] for found in lake.publications(MONTH)] == [1, 2]
    assert lake.publications(MONTH)[0] == first
    assert {table: lake.parquet_files(first, table) for table in STAGED} == before
    assert values(lake, published=first) == {1}
    assert lake.published_months() == ["2026-08", MONTH]
    assert all(f"billing_month={MONTH}/" in path for paths in before.values() for path in paths)


def test_the_recorded_version_shows_the_recorded_files(lake_home):
    lake = lake_home.opened
    for value in (1, 2):
        run_month(lake, MONTH, value)
        run_month(lake, "2026-08", value)
    for found in lake.publications():
        for table, entry in found.tables.items():
            uris = delta(lake, lake_home, table, entry["version"]).file_uris(
                file_pruning_predicate=f"billing_month = '{found.billing_month}'"
            )
            assert {Path(uri).name for uri in uris} == {Path(f).name for f in entry["files"]}
            assert entry["rows"] == 3


def test_a_table_without_rows_is_published_and_read_as_empty(lake_home):
    lake, con = lake_home.opened, duckdb.connect()
    handle = lake.begin(MONTH, "r1")
    lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 1), "r0")
    written = lake.write(TOTALS, MONTH, EXPORT_TOTALS.empty(), "r1")
    lake.publish(handle, publication(MONTH, 1, {TOTALS: written.as_published()}))
    assert (written.rows, written.files) == (0, ())
    assert lake.read(TOTALS, MONTH).equals(EXPORT_TOTALS.empty())
    empty = lake.relation(con, TOTALS, lake.parquet_files(lake.latest(MONTH), TOTALS))
    assert empty.fetchall() == []
    assert dict(zip(empty.columns, map(str, empty.types), strict=True)) == EXPORT_TOTALS.columns


def test_duckdb_reads_several_published_months_with_their_month(lake_home):
    lake, con = lake_home.opened, duckdb.connect()
    files = []
    for value, month in ((8, "2026-08"), (9, MONTH)):
        run_month(lake, month, value)
        files += lake.parquet_files(lake.require_latest(month), TOTALS)
    found = lake.relation(con, TOTALS, files)
    assert dict(zip(found.columns, map(str, found.types), strict=True)) == EXPORT_TOTALS.columns
    months = found.aggregate("billing_month, sum(lines)::BIGINT").fetchall()
    assert sorted(months) == [("2026-08", 24), (MONTH, 27)]


def test_a_second_run_of_a_month_that_began_before_the_first_published_loses(lake_home):
    lake, other = lake_home.opened, lake_home.open()
    first, second = lake.begin(MONTH, "r1"), other.begin(MONTH, "r2")
    one = lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 1), "r1")
    two = other.write(TOTALS, MONTH, rows(TOTALS, MONTH, 2), "r2")  # removes r1's from the log
    lake.publish(first, publication(MONTH, 1, {TOTALS: one.as_published()}, "r1"))
    with pytest.raises(PublicationLost, match="run r2"):
        other.publish(second, publication(MONTH, 2, {TOTALS: two.as_published()}, "r2"))
    assert [found.run_id for found in lake.publications(MONTH)] == ["r1"]
    assert lake.read(TOTALS, MONTH)["lines"].to_list() == [1, 1, 1]


def test_publications_of_many_other_months_in_between_are_no_conflict(lake_home):
    lake = lake_home.opened
    handle = lake.begin(MONTH, "slow")
    late = lake.begin(MONTH, "later")
    for number in range(25):  # past a checkpoint of the log
        month = f"{2020 + number // 12}-{number % 12 + 1:02}"
        lake.publish(lake.begin(month, "x"), publication(month, number, {}, "x"))
    lake.publish(handle, publication(MONTH, 1, {}, "slow"))
    assert [found.run_id for found in lake.publications(MONTH)] == ["slow"]
    with pytest.raises(PublicationLost):
        lake.publish(late, publication(MONTH, 2, {}, "later"))


def test_a_publication_whose_answer_was_lost_is_recognised_as_ones_own(lake_home):
    lake = lake_home.opened
    handle, stale = lake.begin(MONTH, "r1"), lake.begin(MONTH, "r1")
    lake.publish(handle, publication(MONTH, 1, {}, "r1"))
    stored = lake.publish(stale, publication(MONTH, 1, {}, "r1"))  # as a retry after a timeout
    assert lake.publications(MONTH) == [stored]


def test_a_changed_table_definition_since_begin_is_not_another_runs_publication(lake_home):
    lake = lake_home.opened
    handle = lake.begin(MONTH, "r1")
    delta(lake, lake_home, PUBLICATIONS.name).alter.set_table_properties(
        {"delta.checkpointInterval": "30"}
    )
    lake.publish(handle, publication(MONTH, 1, {}, "r1"))
    assert [found.run_id for found in lake.publications(MONTH)] == ["r1"]


def test_a_clock_that_runs_behind_does_not_make_an_older_publication_the_latest(lake_home):
    lake = lake_home.opened
    run_month(lake, MONTH, 1)
    behind = replace(publication(MONTH, 2, {}), published_at=datetime(2020, 1, 1))
    stored = lake.publish(lake.begin(MONTH, "r2"), behind)
    assert lake.latest(MONTH) == stored
    assert stored.inputs == {"value": 2}


def broken(what: str) -> pl.DataFrame:
    good = rows(TOTALS, MONTH, 2)
    return {
        "a float for money": good.with_columns(pl.col("export_total").cast(pl.Float64)),
        "a missing column": good.drop("lines"),
        "a surplus column": good.with_columns(more=pl.lit(1)),
        "a column of NULLs without type": good.with_columns(rounding=pl.lit(None)),
        "NULL where none may be": good.with_columns(lines=pl.lit(None, pl.Int64)),
        "a row of another month": good.with_columns(billing_month=pl.lit("2026-08")),
    }[what]


@pytest.mark.parametrize(
    "what",
    [
        "a float for money",
        "a missing column",
        "a surplus column",
        "a column of NULLs without type",
        "NULL where none may be",
        "a row of another month",
    ],
)
@pytest.mark.parametrize("shape", ["frame", "relation", "files"])
def test_a_broken_contract_writes_nothing(lake_home, tmp_path, what, shape):
    lake = lake_home.opened
    lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 1), "r1")
    bad = broken(what)
    if shape != "frame":
        bad.write_parquet(tmp_path / "bad.parquet")
        bad = [str(tmp_path / "bad.parquet")]
    if shape == "relation":
        bad = duckdb.connect().read_parquet(bad)
    before = delta(lake, lake_home, TOTALS).version()
    files = lake._store.data_files(TOTALS)
    with pytest.raises(ContractBroken, match="core_billing__export_totals"):
        lake.write(TOTALS, MONTH, bad, "r2")
    assert delta(lake, lake_home, TOTALS).version() == before
    assert lake._store.data_files(TOTALS) == files


def test_a_query_that_fails_half_way_writes_nothing(lake_home):
    lake, con = lake_home.opened, duckdb.connect()
    lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 1), "r1")
    values_of = {"billing_month": f"'{MONTH}'"}
    source = con.sql("FROM range(300000) r(i)").project(
        ", ".join(
            values_of.get(name, "CASE WHEN i = 290000 THEN error('boom') ELSE i END")
            + f'::{kind} AS "{name}"'
            for name, kind in EXPORT_TOTALS.columns.items()
        )
    )
    before = delta(lake, lake_home, TOTALS).version()
    files = lake._store.data_files(TOTALS)
    with pytest.raises(Exception, match="boom"):
        lake.write(TOTALS, MONTH, source, "r2")
    assert delta(lake, lake_home, TOTALS).version() == before
    assert lake._store.data_files(TOTALS) == files


def test_a_closed_month_survives_an_aged_log_a_checkpoint_and_a_vacuum(tmp_path):
    lake = Lake(LakeSettings(path="lake"), tmp_path / "cache", tmp_path)
    run_month(lake, "2026-01", 1)
    closed = lake.require_latest("2026-01")
    run_month(lake, "2026-01", 2)
    for value in range(20):  # a cleanup drops what is older than an aged checkpoint
        run_month(lake, "2026-02", value)
    long_ago = time.time() - timedelta(days=60).total_seconds()
    for path in tmp_path.joinpath("lake").rglob("*"):
        if path.is_file():
            os.utime(path, (long_ago, long_ago))
    for value in range(25):
        run_month(lake, MONTH, value)
    assert len(list(tmp_path.glob(f"lake/{TOTALS}/_delta_log/*checkpoint*.parquet"))) == 2
    lake.vacuum(dry_run=False)
    assert values(lake, "2026-01", closed) == {1}
    assert values(lake, "2026-01") == {2}
    for table, entry in closed.tables.items():
        then = DeltaTable(lake.uri(table), entry["version"])
        assert [
            Path(uri).name
            for uri in then.file_uris(file_pruning_predicate="billing_month = '2026-01'")
        ] == [Path(name).name for name in entry["files"]]


def test_vacuum_removes_what_killed_runs_left_and_never_what_is_published(lake_home):
    lake, no_grace = lake_home.opened, timedelta(seconds=-2)
    for value in (1, 2):
        run_month(lake, MONTH, value)
    lost = lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 3), "killed before it published")
    lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 4), "in the table, not published")
    orphan = f"{TOTALS}/{lost.files[0]}"
    assert lake.vacuum() == []  # younger than the grace period
    assert lake.vacuum(grace=no_grace) == [orphan]
    assert lake.vacuum(dry_run=False, grace=no_grace) == [orphan]
    assert lake.vacuum(grace=no_grace) == []
    fresh = Lake(lake_home.settings, lake_home.cache / "fresh", lake_home.base)
    for found in fresh.publications(MONTH):
        assert values(fresh, published=found) == {found.inputs["value"]}
    newest = [Path(uri).name for uri in delta(fresh, lake_home, TOTALS).file_uris()]
    left = {Path(file.name).name for file in fresh._store.data_files(TOTALS)}
    assert newest
    assert left >= set(newest)


def test_a_published_object_is_downloaded_once(lake_home):
    if not lake_home.is_remote:
        pytest.skip("a lake on disk is read where it is")
    run_month(lake_home.opened, MONTH, 1)
    published = lake_home.opened.require_latest(MONTH)
    lake_home.opened.parquet_files(published, TOTALS)
    again = lake_home.open()
    paths = [Path(path) for path in again.parquet_files(published, TOTALS)]
    stamps = [path.stat().st_mtime_ns for path in paths]
    again.parquet_files(published, TOTALS)
    assert stamps == [path.stat().st_mtime_ns for path in paths]
    assert all(path.is_relative_to(lake_home.cache) for path in paths)


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("s3://no-such-bucket/lake", "here"),
        ("s3://lake/lake", "http://127.0.0.1:9"),
        ("file/lake", None),
    ],
)
def test_a_lake_that_cannot_be_reached_says_where_and_what_to_check(
    lake_endpoint, tmp_path, capfd, path, endpoint
):
    (tmp_path / "file").touch()
    url = lake_endpoint if endpoint == "here" else endpoint
    settings = LakeSettings(path=path, storage=Storage(endpoint_url=url, region="us-east-1"))
    lake = Lake(settings, tmp_path / "cache", tmp_path)
    with pytest.raises(LakeUnreachable) as caught:
        lake.begin(MONTH, "r1")
    assert path in str(caught.value)
    assert (url or "folder's rights") in str(caught.value)
    assert capfd.readouterr().err == ""


def test_the_row_of_a_publication_is_the_same_text_for_the_same_content():
    one = publication(MONTH, 1, {"b": {"version": 1, "files": [], "rows": 0}, "a": {}})
    other = replace(one, tables=dict(reversed(one.tables.items())))
    assert one.to_row() == other.to_row()
    assert list(one.to_row()) == list(PUBLICATIONS.columns)
    assert Publication.from_row(one.to_row()) == one
