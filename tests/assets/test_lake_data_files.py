"""Files written past Delta's own writer: any reader of Delta sees them, and one run's alone."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from conftest import LakeHome
from deltalake import DeltaTable, QueryBuilder
from lake_writer import publication, rows, run_month
from test_lake import MONTH, TOTALS, delta

from assets.lake import tables
from assets.lake.data_files import add_files
from pipelines.contracts import COVERAGE, EXPORT_TOTALS, TABLES, USAGE, Contract
from pipelines.errors import ContractBroken
from pipelines.settings import LakeSettings

LARGE = Decimal("-12345678901234567890.123456789012345678")
LAST_INSTANT = datetime(2026, 9, 30, 23, 59, 59, 999999)


def usage(numbers: range) -> pl.DataFrame:
    """Hours that differ by a microsecond, tokens that were never measured."""
    return rows(USAGE.name, MONTH, 7, len(numbers)).with_columns(
        hour=pl.lit(LAST_INSTANT),
        tenant=pl.Series([f"tenant-{number}" for number in numbers], dtype=pl.String),
        is_batch=pl.lit(True),
        input_tokens=pl.lit(None, pl.Int64),
        gpu_microseconds=pl.lit(None, pl.Int64),
    )


def totals(numbers: range) -> pl.DataFrame:
    return rows(TOTALS, MONTH, 7, len(numbers)).with_columns(
        export_total=pl.lit(LARGE, pl.Decimal(38, 18)),
        InvoiceId=pl.Series([f"invoice-{number}" for number in numbers], dtype=pl.String),
    )


def as_files(frames: list[pl.DataFrame], folder: Path) -> list[str]:
    """Some written by Polars, some by DuckDB, as the readers of bills and logs do."""
    paths = [str(folder / f"{number}.parquet") for number in range(len(frames))]
    for number, (frame, path) in enumerate(zip(frames, paths, strict=True)):
        frame.write_parquet(path)
        if number % 2:
            again = path.replace(".parquet", ".snappy.parquet")
            duckdb.connect().read_parquet(path).write_parquet(again, compression="snappy")
            paths[number] = again
    return paths


def shaped(how: str, frames: list[pl.DataFrame], folder: Path):
    if how == "frame":
        return pl.concat(frames)
    paths = as_files(frames, folder)
    return paths if how == "files" else duckdb.connect().read_parquet(paths)


@pytest.mark.parametrize("how", ["frame", "relation", "files"])
@pytest.mark.parametrize(("contract", "make"), [(USAGE, usage), (EXPORT_TOTALS, totals)])
def test_every_reader_of_delta_sees_the_rows_that_were_written(
    lake_home, tmp_path, how, contract: Contract, make
):
    if not lake_home.is_remote:  # Polars finds no table in a folder with a space in its name
        lake_home = LakeHome(LakeSettings(path="lake"), lake_home.base, lake_home.cache)
    lake, name = lake_home.opened, contract.name
    frames = [make(range(3)), make(range(3, 8)), make(range(0)), make(range(8, 9))]
    wanted = pl.concat(frames).sort(contract.key)
    lake.write(name, "2026-08", rows(name, "2026-08", 5), "r0")
    written = lake.write(name, MONTH, shaped(how, frames, tmp_path), "r1")
    lake.write(name, MONTH, rows(name, MONTH, 9), "later")

    then = delta(lake, lake_home, name, written.version)
    scanned = pl.scan_delta(
        lake.uri(name), version=written.version, storage_options=lake._store.options()
    )
    assert scanned.collect_schema() == contract.polars_schema  # NULLs make no column void
    assert scanned.filter(billing_month=MONTH).collect().sort(contract.key).equals(wanted)
    assert scanned.filter(billing_month="2026-08").select("source").collect().height == 3

    by_delta_rs = (
        QueryBuilder()
        .register("t", then)
        .execute(f"SELECT * FROM t WHERE billing_month = '{MONTH}'")
    )
    assert (
        pl.DataFrame(by_delta_rs.read_all())
        .sort(contract.key)
        .select(wanted.columns)
        .cast(dict(contract.polars_schema))
        .equals(wanted)
    )

    local = lake.relation(duckdb.connect(), name, lake.staged_files(written))
    assert pl.DataFrame(local).sort(contract.key).equals(wanted)

    added = then.get_add_actions(flatten=True)
    paths, records = (added.column(each).to_pylist() for each in ("path", "num_records"))
    counts = dict(zip(paths, records, strict=True))
    assert sum(counts[file] for file in written.files) == written.rows == 9
    assert len(written.files) == (3 if how == "files" else 1)  # a file without rows is left out


def test_a_file_in_its_contract_is_taken_byte_for_byte_and_left_where_it_was(lake_home, tmp_path):
    lake = lake_home.opened
    (source,) = as_files([totals(range(3))], tmp_path)
    content = Path(source).read_bytes()
    written = lake.write(TOTALS, MONTH, [source], "r1")
    (kept,) = lake.staged_files(written)
    assert Path(kept).read_bytes() == content == Path(source).read_bytes()
    Path(source).write_bytes(b"used for something else")
    assert Path(kept).read_bytes() == content


@pytest.mark.parametrize("how", ["no files", "files", "relation"])
def test_a_month_without_rows_replaces_the_rows_it_had(lake_home, tmp_path, how):
    lake = lake_home.opened
    lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 1), "r0")
    empty = [] if how == "no files" else shaped(how, [EXPORT_TOTALS.empty()], tmp_path)
    written = lake.write(TOTALS, MONTH, empty, "r1")
    assert (written.files, written.rows) == ((), 0)
    assert delta(lake, lake_home, TOTALS, written.version).file_uris() == []


def test_a_written_table_is_read_by_its_run_without_the_network(lake_home):
    if not lake_home.is_remote:
        pytest.skip("a lake on disk is read where it is")
    lake = lake_home.opened
    written = lake.write(TOTALS, MONTH, rows(TOTALS, MONTH, 1), "r1")
    lake._store._client.delete_object(
        Bucket=lake._store.bucket, Key=lake._store._key(TOTALS, written.files[0])
    )
    assert pl.read_parquet(lake.staged_files(written)).height == 3


def committed(lake, handle: DeltaTable, month: str, value: int) -> tuple[int, list[str]]:
    files = add_files(lake._store, EXPORT_TOTALS, month, rows(TOTALS, month, value), None)
    names = [file.name for file in files]
    return tables.commit_files(handle, month, files, {"run_id": str(value)}), names


def test_of_two_runs_that_saw_the_same_version_the_later_replaces_the_earlier_whole(lake_home):
    lake = lake_home.opened
    lake.write(TOTALS, "2026-08", rows(TOTALS, "2026-08", 1), "r0")
    one, two = delta(lake, lake_home, TOTALS), delta(lake, lake_home, TOTALS)
    for handle, value in ((one, 1), (two, 2)):
        version, names = committed(lake, handle, MONTH, value)
        then = delta(lake, lake_home, TOTALS, version)
        assert tables.month_files(then, MONTH) == names
        assert len(tables.month_files(then, "2026-08")) == 1


def test_a_commit_of_another_month_in_between_is_kept(lake_home):
    lake = lake_home.opened
    lake.write(TOTALS, "2026-07", rows(TOTALS, "2026-07", 1), "r0")
    slow = delta(lake, lake_home, TOTALS)
    other = lake.write(TOTALS, "2026-08", rows(TOTALS, "2026-08", 1), "r1")
    version, names = committed(lake, slow, MONTH, 2)
    then = delta(lake, lake_home, TOTALS, version)
    assert tables.month_files(then, MONTH) == names
    assert tables.month_files(then, "2026-08") == list(other.files)


def test_a_commit_whose_answer_was_lost_is_recognised_as_ones_own(lake_home):
    lake = lake_home.opened
    lake.write(TOTALS, "2026-08", rows(TOTALS, "2026-08", 1), "r0")
    handle, stale = delta(lake, lake_home, TOTALS), delta(lake, lake_home, TOTALS)
    files = add_files(lake._store, EXPORT_TOTALS, MONTH, rows(TOTALS, MONTH, 1), None)
    version = tables.commit_files(handle, MONTH, files, {"run_id": "r1"})
    assert tables.commit_files(stale, MONTH, files, {"run_id": "r1"}) == version
    assert delta(lake, lake_home, TOTALS).version() == version


def test_files_of_a_run_killed_before_its_commit_are_removed_by_vacuum(lake_home):
    lake = lake_home.opened
    run_month(lake, MONTH, 1)
    (lost,) = add_files(lake._store, EXPORT_TOTALS, MONTH, rows(TOTALS, MONTH, 2), None)
    assert lake.vacuum() == []
    gone = lake.vacuum(dry_run=False, grace=timedelta(seconds=-2))
    assert gone == [f"{TOTALS}/{lost.name}"]
    assert lost.name not in {file.name for file in lake._store.data_files(TOTALS)}
    assert lake.read(TOTALS, MONTH)["lines"].to_list() == [1, 1, 1]


def test_a_table_of_an_earlier_contract_is_not_changed_by_a_write(lake_home):
    lake, name = lake_home.opened, COVERAGE.name
    earlier = Contract(name, "g", {**COVERAGE.columns, "kind": "BIGINT"}, COVERAGE.key)
    with pytest.MonkeyPatch.context() as contracts:
        contracts.setitem(TABLES, name, earlier)
        tables.opened_or_created(lake._store, name)
    with pytest.raises(ContractBroken, match="other columns than the contract: kind"):
        lake.write(name, MONTH, rows(name, MONTH, 1), "r1")
    assert delta(lake, lake_home, name).version() == 0
    assert lake._store.data_files(name) == []


def test_the_month_of_a_publication_is_of_the_files_it_names(lake_home, tmp_path):
    lake = lake_home.opened
    handle = lake.begin(MONTH, "r1")
    frames = [totals(range(2)), totals(range(2, 4))]
    source = as_files(frames, tmp_path)
    written = lake.write(TOTALS, MONTH, source, "r1", duckdb.connect())
    lake.publish(handle, publication(MONTH, 1, {TOTALS: written.as_published()}))
    key = list(EXPORT_TOTALS.key)
    assert lake.read(TOTALS, MONTH).sort(key).equals(pl.concat(frames).sort(key))
