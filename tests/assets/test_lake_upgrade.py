"""A lake of an earlier version gets the new columns; what it published stays as it was."""

import pytest
from conftest import LakeHome
from deltalake import DeltaTable
from lake_writer import publication, rows, run_month
from test_lake import MONTH, TOTALS

from assets.lake.upgrade import NewColumns
from pipelines.contracts import EXPORT_TOTALS, TABLES, Contract
from pipelines.errors import ContractBroken, LakeOutdated


def earlier(**changes: str | None) -> Contract:
    """The totals' contract before: columns left out (None) or of another type."""
    columns = {**EXPORT_TOTALS.columns, **changes}
    kept = {name: kind for name, kind in columns.items() if kind is not None}
    return Contract(TOTALS, EXPORT_TOTALS.grain, kept, EXPORT_TOTALS.key)


@pytest.fixture
def old_lake(lake_home: LakeHome) -> LakeHome:
    """A month published when the totals had no `lines` and no `rounding` yet."""
    with pytest.MonkeyPatch.context() as contracts:
        contracts.setitem(TABLES, TOTALS, earlier(lines=None, rounding=None))
        run_month(lake_home.opened, MONTH, 1)
    return lake_home


def test_the_new_columns_are_added_once_and_are_empty_in_old_rows(old_lake: LakeHome):
    lake = old_lake.opened
    with pytest.raises(LakeOutdated, match=r"lines, rounding\. .*modelspend upgrade"):
        lake.write(TOTALS, "2026-10", rows(TOTALS, "2026-10", 2), "r2")

    wanted = [NewColumns(TOTALS, ("lines", "rounding"))]
    assert lake.upgrade(dry_run=True) == wanted
    assert lake.upgrade(dry_run=True) == wanted  # it did nothing
    assert lake.upgrade() == wanted
    assert lake.upgrade() == []

    old = lake.read(TOTALS, MONTH)
    assert old["lines"].to_list() == [None] * 3
    assert [int(total) for total in old["export_total"]] == [1, 1, 1]
    handle = lake.begin("2026-10", "r2")
    written = lake.write(TOTALS, "2026-10", rows(TOTALS, "2026-10", 2), "r2")
    lake.publish(handle, publication("2026-10", 2, {TOTALS: written.as_published()}))
    assert lake.read(TOTALS, "2026-10")["lines"].to_list() == [2, 2, 2]
    assert lake.read(TOTALS, MONTH).equals(old)


def test_a_table_of_another_version_is_left_alone(lake_home: LakeHome):
    lake = lake_home.opened
    with pytest.MonkeyPatch.context() as contracts:
        contracts.setitem(TABLES, TOTALS, earlier(lines="VARCHAR", rounding=None))
        run_month(lake, MONTH, 1)
    with pytest.raises(ContractBroken, match="of another version: lines"):
        lake.upgrade()


def test_other_engines_see_the_column_too(old_lake: LakeHome):
    lake = old_lake.opened
    lake.upgrade()
    fields = DeltaTable(lake.uri(TOTALS), storage_options=lake._store.options()).schema().fields
    assert {"lines", "rounding"} <= {field.name for field in fields}


def test_an_empty_lake_has_nothing_to_add(lake_home: LakeHome):
    assert lake_home.opened.upgrade() == []
