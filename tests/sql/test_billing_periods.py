"""Which time a bill speaks of: how far back logs are read, and how many days are billed."""

from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.billing.periods import days_covered, usage_window
from pipelines.contracts import CHARGES

MONTH = "2026-09"
Charge = tuple[str, datetime, datetime] | tuple[str, datetime, datetime, str]


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour)


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def charges(folder: Path, *rows: Charge) -> list[str]:
    names = ("ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd")
    schema = {name: CHARGES.polars_schema[name] for name in (*names, "ChargeFrequency")}
    told = [dict(zip(schema, row, strict=False)) for row in rows]
    pl.DataFrame(told, schema=schema).write_parquet(folder / "charges.parquet")
    return [str(folder / "charges.parquet")]


HOUR = ("Usage", at(9, 21, 6), at(9, 21, 7))
REFUND = ("Usage", at(8, 30, 5), at(8, 30, 6))
YEAR = ("Purchase", at(1, 1), at(12, 31))
FEE = ("Usage", at(9, 1), at(10, 1))


def test_logs_are_read_for_the_month_and_back_to_what_it_corrects(con, tmp_path):
    assert usage_window(con, MONTH, charges(tmp_path, HOUR)) == (at(9, 1), at(10, 1))
    files = charges(tmp_path, HOUR, REFUND)
    assert usage_window(con, MONTH, files) == (at(8, 30, 5), at(10, 1))


def test_a_yearly_purchase_does_not_widen_the_window(con, tmp_path):
    assert usage_window(con, MONTH, charges(tmp_path, HOUR, YEAR)) == (at(9, 1), at(10, 1))


@pytest.mark.parametrize("rows", [(), (YEAR,)])
def test_a_month_without_usage_reads_its_own_logs(con, tmp_path, rows):
    assert usage_window(con, MONTH, charges(tmp_path, *rows)) == (at(9, 1), at(10, 1))
    assert usage_window(con, MONTH, []) == (at(9, 1), at(10, 1))


def test_the_days_to_come_of_an_own_machine_are_not_billed_yet(con, tmp_path):
    coming = [("Usage", at(9, day), at(9, day + 1), "Recurring") for day in range(1, 30)]
    files = charges(tmp_path, HOUR, *coming)
    assert days_covered(con, MONTH, files, is_final=False) == 20


def test_an_open_month_covers_its_complete_days(con, tmp_path):
    files = charges(tmp_path, HOUR, REFUND, YEAR, FEE)
    assert days_covered(con, MONTH, files, is_final=False) == 20


def test_a_day_counts_from_its_last_hour_on(con, tmp_path):
    files = charges(tmp_path, ("Usage", at(9, 20, 23), at(9, 21)))
    assert days_covered(con, MONTH, files, is_final=False) == 20
    files = charges(tmp_path, ("Usage", at(9, 20, 22), at(9, 20, 23)))
    assert days_covered(con, MONTH, files, is_final=False) == 19


def test_a_final_month_covers_all_its_days(con, tmp_path):
    assert days_covered(con, MONTH, charges(tmp_path, HOUR), is_final=True) == 30


def test_a_bill_that_does_not_tell_its_days_covers_the_month(con, tmp_path):
    assert days_covered(con, MONTH, charges(tmp_path, FEE), is_final=False) == 30
    assert days_covered(con, MONTH, [], is_final=False) == 30
