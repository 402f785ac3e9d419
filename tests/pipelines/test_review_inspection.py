"""What is said of an export's tags, lines and warnings."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from review_frames import frame

from pipelines.contracts import (
    ALLOCATED,
    BASES,
    BILL_FILES,
    CHARGES,
    EXPORT_TOTALS,
    Contract,
)
from pipelines.review.inspection import (
    grouped_warnings,
    inspection_sheets,
    line_sentences,
    providers,
    sounding_keys,
    suggested_tags,
)
from pipelines.settings import TagKeys

D = Decimal
NOON = datetime(2026, 9, 3, 12)
ONE = dict.fromkeys(BASES, D(1))
CHARGE = {
    "source": "aws",
    "charge_month": "2026-09",
    "BillingCurrency": "USD",
    "ServiceProviderName": "AWS",
    "ServiceName": "EC2",
    "ChargePeriodStart": NOON,
    **ONE,
}
TABLES: dict[str, Contract] = {
    "inspected_charges": CHARGES,
    "inspected_parts": ALLOCATED,
    "inspected_exports": EXPORT_TOTALS,
    "inspected_files": BILL_FILES,
}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def export(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    *charges: dict[str, Any],
    **tables: list[dict[str, Any]],
) -> None:
    """An inspected export: its charges, each 1 USD, and any other table."""
    numbered = [CHARGE | {"x_ChargeId": str(n)} | row for n, row in enumerate(charges)]
    given = {"inspected_charges": numbered, **tables}
    for name, contract in TABLES.items():
        file = folder / f"{name}.parquet"
        frame(contract, *given.get(name, [])).write_parquet(file)
        con.read_parquet(str(file)).create_view(name)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("ML-Model", "model"),
        ("user:model_name", "model"),
        ("labels/llm", "model"),
        ("Model Version", "model_version"),
        ("ml_phase", "component"),
        ("Name", None),
        ("remodel", None),
        ("model_owner", None),
    ],
)
def test_a_key_sounds_like_a_model_by_its_last_part_without_case_and_punctuation(
    key: str, what: str | None
) -> None:
    assert sounding_keys([key]) == ({} if what is None else {what: [key]})


def test_suggested_keys_are_given_beside_the_defaults_they_would_replace(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    export(con, tmp_path, {"Tags": '{"llm":"a","model":"b","stage":"c"}'})
    assert suggested_tags(con, TagKeys()) == {"model": ["model", "model_name", "llm"]}


def test_tags_that_speak_of_models_come_first_and_others_by_how_many_lines_have_them(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    export(
        con,
        tmp_path,
        {"Tags": '{"team":"x","env":"p"}'},
        {"Tags": '{"team":"x","llm":"a"}'},
        {"Tags": '{"team":"x","phase":"training"}'},
        inspected_exports=[
            {"BillingCurrency": "USD", "basis": basis, "export_total": D(3)} for basis in BASES
        ],
    )
    [tags] = [sheet for sheet in inspection_sheets(con, TagKeys()) if sheet.name == "tags"]
    found = [(row.values["key"], row.values["says"], row.values["share"]) for row in tags.rows]
    assert found == [
        ("llm", "model?", D("0.3333")),
        ("phase", "component", D("0.3333")),
        ("team", "", D("1.0000")),
        ("env", "", D("0.3333")),
    ]


def test_services_that_are_ai_are_listed_and_the_rest_is_summed_to_the_total(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    part = {"source": "aws", "BillingCurrency": "USD", "billing_month": "2026-09", **ONE}
    parts = [
        part | {"x_OriginChargeId": f"ai{n}", "bucket": "unattributed", "ServiceName": f"AI {n}"}
        for n in range(12)
    ]
    parts += [
        part | {"x_OriginChargeId": f"{n}", "bucket": "not_ai", "ServiceName": f"Service {n}"}
        for n in range(9)
    ]
    exports = [{"BillingCurrency": "USD", "basis": basis, "export_total": D(21)} for basis in BASES]
    export(con, tmp_path, inspected_parts=parts, inspected_exports=exports)
    [sheet] = [s for s in inspection_sheets(con, TagKeys()) if s.name == "services"]
    detail = [row for row in sheet.rows if row.level == "detail"]
    assert [row.values["service"] for row in detail][-2:] == [
        "2 more",
        "Service 0, Service 1, Service 2, 6 more",
    ]
    assert sum(row.values["effective"] for row in detail) == 21
    assert sheet.rows[-1].values["effective"] == 21


def test_charges_that_miss_the_export_are_said_to_stop_a_run(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    exports = [{"BillingCurrency": "USD", "basis": basis, "export_total": D(2)} for basis in BASES]
    export(con, tmp_path, {}, inspected_exports=exports)
    [months] = [s for s in inspection_sheets(con, TagKeys()) if s.name == "months"]
    assert months.notes == (
        "The charges do not add up to the export in 2026-09: a run would not publish it.",
    )


def test_lines_that_are_no_charge_of_their_month_are_said(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    counts = {"lines_read": 9, "split_rows": 3, "other_months": 2, "left_out": 1, "rejects": 0}
    late = {"charge_month": "2026-08", "ChargeClass": "Correction"}
    exports = [{"BillingCurrency": "USD", "basis": basis, "export_total": D(2)} for basis in BASES]
    export(
        con,
        tmp_path,
        late,
        {},
        inspected_files=[{**counts, "source": "aws", "file": "a", "rounding": D("0.001")}],
        inspected_exports=exports,
    )
    assert line_sentences(con) == [
        "2026-09: 3 of 9 container split rows carry shares of their machine, no money.",
        "2026-09: 2 of 9 lines of its files are of other months, and are read there.",
        "2026-09: 1 of 9 lines are left out by the rules of their format.",
        "2026-09: rounding on reading, all files together: 0.001.",
        "2026-09: of other charge months: 1 of 2 charges in USD.",
        "2026-09: corrections of what was billed before: 1 of 2 charges in USD.",
    ]


def test_a_warning_of_several_months_is_one_sentence_without_its_source() -> None:
    assert grouped_warnings(
        [
            "2026-09: source 'inspected': no price.",
            "2026-10: source 'inspected': no price.",
            "2026-10: source 'inspected': no price.",
            "2026-09: 3 files.",
            "of no month",
        ]
    ) == ["2026-09, 2026-10: no price.", "2026-09: 3 files.", "of no month"]


def test_providers_are_those_of_the_lines(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    export(con, tmp_path, {}, {"ServiceProviderName": "Solora AI", "EffectiveCost": D(9)})
    assert providers(con) == ["Solora AI", "AWS"]
