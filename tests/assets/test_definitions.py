"""The graph as Dagster sees it: an accidental change of it fails here."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets import partitions
from assets.definitions import defs
from pipelines.contracts import TABLES

ROOT = Path(__file__).resolve().parents[2]

BILLS = {"raw_billing__deliveries"}
SNAPSHOTS = {"raw_registry__snapshots"}
CALIBRATIONS = {"raw_calibration__sets"}
LINKS = {
    "core_registry__model_versions",
    "core_registry__deployments",
    "core_registry__runs",
}
ALLOCATION = LINKS | {
    "core_billing__charges",
    "core_billing__split_shares",
    "core_inference__usage",
    "core_inference__coverage",
}
UNITS = ALLOCATION | {"core_attribution__allocated_charges"}
USAGE = {"core_billing__charges", "raw_inference__log_files"}

COMPARED = {
    "core_prediction__spend",
    "core_attribution__allocated_charges",
    "core_attribution__notional_idle",
    "core_billing__charges",
    "out_spend__unit_costs",
}
DEPENDENCIES = {
    "raw_billing__deliveries": set(),
    "raw_inference__log_files": set(),
    "core_billing__charges": BILLS,
    "core_billing__split_shares": BILLS,
    "core_billing__files": BILLS,
    "core_billing__rejects": BILLS,
    "core_billing__export_totals": BILLS,
    "core_inference__usage": USAGE,
    "core_inference__files": USAGE,
    "core_inference__rejects": USAGE,
    "core_inference__coverage": USAGE,
    "raw_registry__snapshots": set(),
    "core_registry__model_versions": SNAPSHOTS,
    "core_registry__deployments": SNAPSHOTS,
    "core_registry__runs": SNAPSHOTS,
    "core_registry__plans": set(),
    "core_attribution__allocated_charges": ALLOCATION,
    "core_attribution__notional_idle": ALLOCATION,
    "out_reconciliation": {"core_attribution__allocated_charges", "core_billing__export_totals"},
    "out_spend__model_days": {"core_attribution__allocated_charges"},
    "out_spend__model_months": {"core_attribution__allocated_charges"},
    "out_spend__commitments": {"core_billing__charges"},
    "out_usage__billed_vs_logged": UNITS,
    "out_spend__utilisation": UNITS,
    "out_spend__unit_costs": UNITS | {"out_spend__model_months"},
    "core_prediction__spend": {
        "core_registry__plans",
        "out_spend__unit_costs",
        "core_billing__charges",
        "raw_calibration__sets",
    },
    "raw_calibration__sets": set(),
    "out_variance__predicted_vs_actual": COMPARED,
    "out_variance__drivers": COMPARED,
    "out_publications": set(TABLES) - {"out_publications"},
}


LOAD = """
import sys
from assets.definitions import defs
print(len(defs.assets), "scipy" in sys.modules)  # a second that no month needs
"""


def specs() -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_the_definitions_load():
    dg.Definitions.validate_loadable(defs)


def test_every_table_is_made_from_these():
    found = {
        name: {dep.asset_key.to_user_string() for dep in spec.deps}
        for name, spec in specs().items()
    }
    assert found == DEPENDENCIES


def test_everything_is_made_by_the_month_but_what_is_listed_and_asked():
    by_day = {
        name
        for name, spec in specs().items()
        if isinstance(spec.partitions_def, dg.DailyPartitionsDefinition)
    }
    by_month = {
        name
        for name, spec in specs().items()
        if isinstance(spec.partitions_def, dg.MonthlyPartitionsDefinition)
    }
    assert by_day == {"raw_inference__log_files"}
    assert by_day | by_month | SNAPSHOTS | CALIBRATIONS == set(DEPENDENCIES)


def test_every_table_shows_the_columns_of_its_contract():
    for name, contract in TABLES.items():
        schema = specs()[name].metadata["dagster/column_schema"]
        shown = [(column.name, column.type) for column in schema.columns]
        assert shown == list(contract.columns.items())
        assert specs()[name].description


def test_these_checks_stand_by_the_tables():
    found = {
        (spec.name, spec.asset_key.to_user_string(), spec.blocking)
        for asset in defs.assets
        for spec in asset.check_specs
    }
    assert found == {
        ("spend_equals_billed_cost", "out_reconciliation", True),
        ("unattributed_share_is_small", "out_spend__model_months", False),
        ("every_invoice_is_final", "core_billing__charges", False),
        ("every_log_line_is_read", "core_inference__usage", False),
        ("every_source_is_read", "out_publications", False),
        ("logged_units_match_billed", "out_usage__billed_vs_logged", False),
        ("variances_add_up_to_differences", "out_variance__drivers", False),
        ("calibration_is_accepted", "raw_calibration__sets", False),
    }


def test_a_check_belongs_to_a_month_so_that_no_month_hides_anothers_failure():
    for asset in defs.assets:
        for spec in asset.check_specs:
            is_of_a_month = spec.asset_key.to_user_string() not in CALIBRATIONS
            assert spec.partitions_def == (partitions.BILLING_MONTHS if is_of_a_month else None)


def test_the_month_job_makes_every_table_and_no_listing():
    job = defs.resolve_job_def("attribution")
    made = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert made == set(DEPENDENCIES) - {"raw_inference__log_files"} - SNAPSHOTS - CALIBRATIONS
    assert job.executor_def.name == "in_process"
    assert job.partitions_def == partitions.BILLING_MONTHS


def test_the_open_month_is_a_partition_from_its_first_morning_on():
    on_the_first = datetime(2026, 11, 1, 0, 5, tzinfo=UTC)
    keys = partitions.BILLING_MONTHS.get_partition_keys(current_time=on_the_first)
    assert keys[-2:] == ["2026-10", "2026-11"]


def test_the_open_month_depends_on_the_days_that_exist():
    morning = datetime(2026, 11, 3, 5, 30, tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        found = partitions.DAYS_OF_MONTH.get_upstream_mapped_partitions_result_for_partitions(
            downstream_partitions_subset=partitions.BILLING_MONTHS.subset_with_partition_keys(
                ["2026-11"]
            ),
            downstream_partitions_def=partitions.BILLING_MONTHS,
            upstream_partitions_def=partitions.LOG_DAYS,
            current_time=morning,
            dynamic_partitions_store=instance,
        )
    assert set(found.partitions_subset.get_partition_keys()) == {"2026-11-01", "2026-11-02"}


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ('first_month = "2026-07"', "2026-07"),
        ("", "2025-01"),  # the settings' own default
        ('first_month = "July"', partitions.WIDEST),
        ("first_month = [", partitions.WIDEST),
        (None, partitions.WIDEST),
    ],
)
def test_the_calendar_starts_where_the_settings_say(tmp_path, monkeypatch, text, month):
    monkeypatch.setenv("MODELSPEND_SETTINGS", str(tmp_path / "modelspend.toml"))
    if text is not None:
        (tmp_path / "modelspend.toml").write_text(text)
    assert partitions.first_month() == month


def test_the_definitions_load_where_there_is_no_project(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["14", "False"]
