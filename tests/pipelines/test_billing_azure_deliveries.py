"""Which files of Azure's exports are a month's bill: the latest run of each, by its manifest."""

from pathlib import Path

import polars as pl
import pytest
from azure_exports import manifest, read_azure
from billing_reading import sums

from pipelines.billing.layouts import Delivery
from pipelines.billing.layouts.azure_exports import AzureExports
from pipelines.contracts import BASES
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile

LAYOUT = AzureExports()
SEPTEMBER = "costs/daily/20260901-20260930"
MONTH = "2026-09"


def choose(names: list[str], texts: dict[str, str], month: str = MONTH) -> Delivery:
    return LAYOUT.choose("shop", month, names, texts)


def delivered(*runs: tuple[str, str], data: int = 1) -> tuple[list[str], dict[str, str]]:
    """The names and manifests of runs, each in its folder with so many parts."""
    names, texts = [], {}
    for folder, text in runs:
        names += [f"{folder}/part_0_{part + 1:04}.csv" for part in range(data)]
        names.append(f"{folder}/manifest.json")
        texts[f"{folder}/manifest.json"] = text
    return names, texts


def stop(names: list[str], texts: dict[str, str]) -> str:
    with pytest.raises(BillUnreadable) as stopped:
        choose(names, texts)
    return stopped.value.problem


@pytest.mark.parametrize(
    ("name", "month"),
    [
        (f"{SEPTEMBER}/202609212104/guid/part_0_0001.csv.gz", "2026-09"),
        ("costs/20260901-20260930/daily/202609212104/guid/manifest.json", "2026-09"),
        ("20240201-20240229/a.parquet", "2024-02"),
        ("daily/20260901-20260915/part_0.csv", "2026-09"),
        ("ai-cur/20260901-20261001/ai-cur-Manifest.json", None),
        ("daily/20260814-20260913/a.csv", None),
        ("readme.csv", None),
    ],
)
def test_a_path_tells_the_month_by_its_first_and_last_day(name: str, month: str | None) -> None:
    assert LAYOUT.month_of(name) == month
    assert LAYOUT.recognises([name]) == (month is not None)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        (f"{SEPTEMBER}/guid/manifest.json", True),
        (f"{SEPTEMBER}/guid/_manifest.json", True),
        (f"{SEPTEMBER}/guid/part_0_0001.csv", False),
        ("manifest.json", False),
    ],
)
def test_a_run_s_manifest_is_known_by_its_name(name: str, is_one: bool) -> None:
    assert LAYOUT.is_manifest(name) is is_one


def test_of_the_runs_that_stay_beside_each_other_the_latest_is_the_bill() -> None:
    blob = "part_0_0001.csv"
    names, texts = delivered(
        (f"{SEPTEMBER}/1/g", manifest(blob, submitted="2026-09-21T21:04:06.5234447Z")),
        (f"{SEPTEMBER}/3/g", manifest(blob, submitted="2026-09-23T01:00:00.1Z")),
        (f"{SEPTEMBER}/2/g", manifest(blob, submitted="2026-09-23T01:00:00.05Z")),
    )
    assert choose(names, texts) == Delivery(
        [f"{SEPTEMBER}/3/g/{blob}"], {f"{SEPTEMBER}/3/g/{blob}": "actual"}
    )


def test_all_parts_of_a_run_are_the_bill_in_the_manifest_s_order() -> None:
    blobs = [f"folder/daily/20260901-20260930/g/part_0_{part:04}.csv" for part in (2, 1, 3)]
    names, texts = delivered((f"{SEPTEMBER}/g", manifest(*blobs)), data=3)
    expected = [f"{SEPTEMBER}/g/part_0_{part:04}.csv" for part in (2, 1, 3)]
    assert choose(names, texts).files == expected


@pytest.mark.parametrize(
    ("blob", "name"),
    [
        (f"{SEPTEMBER}/x/data.csv", f"{SEPTEMBER}/x/data.csv"),
        (f"container/{SEPTEMBER}/x/data.csv", f"{SEPTEMBER}/x/data.csv"),
        ("daily/20260901-20260930/x/data.csv", f"{SEPTEMBER}/x/data.csv"),
        (f" /{SEPTEMBER}/x/data.csv", f"{SEPTEMBER}/x/data.csv"),
    ],
)
def test_a_manifest_names_its_files_from_the_container_s_root(blob: str, name: str) -> None:
    path = f"{SEPTEMBER}/g/manifest.json"
    assert choose([name, path], {path: manifest(blob)}).files == [name]


def test_actual_and_amortized_exports_of_one_path_have_their_roles() -> None:
    amortized = "costs/amortised/20260901-20260930/g"
    names, texts = delivered(
        (f"{SEPTEMBER}/g", manifest("part_0_0001.csv")),
        (amortized, manifest("part_0_0001.csv", type="AmortizedCost", export="am")),
        ("costs/prices/20260901-20260930/g", manifest("p.csv", type="PriceSheet", export="pr")),
    )
    found = choose(names, texts)
    assert found.roles == {
        f"{SEPTEMBER}/g/part_0_0001.csv": "actual",
        f"{amortized}/part_0_0001.csv": "amortized",
    }
    assert found.files == list(found.roles)
    assert found.month_is_told


def test_focus_exports_are_laid_out_alike_and_have_no_role() -> None:
    names, texts = delivered((f"{SEPTEMBER}/g", manifest("part_0_0001.csv", type="FocusCost")))
    assert choose(names, texts) == Delivery([f"{SEPTEMBER}/g/part_0_0001.csv"])


def test_some_days_exported_again_are_not_the_month() -> None:
    blob, days = "part_0_0001.csv", {"start": "2026-09-10T00:00:00", "end": "2026-09-15T00:00:00"}
    names, texts = delivered(
        (f"{SEPTEMBER}/1/g", manifest(blob, submitted="2026-10-03T00:00:00Z")),
        (f"{SEPTEMBER}/2/g", manifest(blob, submitted="2026-10-09T00:00:00Z", **days)),
    )
    found = choose(names, texts)
    assert found.files == [f"{SEPTEMBER}/1/g/{blob}"]
    assert found.warnings == [
        "the latest run of export 'daily' (2026-10-09T00:00:00Z) covers 2026-09-10 to 2026-09-15 "
        "only; the run of 2026-10-03T00:00:00Z, which covers 2026-09-01 to 2026-09-30, was read."
    ]


def test_a_month_to_date_grows_from_run_to_run() -> None:
    blob = "part_0_0001.csv"
    names, texts = delivered(
        *(
            (
                f"{SEPTEMBER}/{day}/g",
                manifest(blob, submitted=f"2026-09-{day}T03:00:00Z", end=f"2026-09-{day}T00:00:00"),
            )
            for day in ("20", "21", "19")
        )
    )
    assert choose(names, texts) == Delivery(
        [f"{SEPTEMBER}/21/g/{blob}"], {f"{SEPTEMBER}/21/g/{blob}": "actual"}
    )


def test_exports_of_several_scopes_are_one_bill() -> None:
    other = "costs/other/20260901-20260930/g"
    names, texts = delivered(
        (f"{SEPTEMBER}/g", manifest("part_0_0001.csv", scope="/subscriptions/1")),
        (other, manifest("part_0_0001.csv", scope="/subscriptions/2", export="other")),
    )
    assert len(choose(names, texts).files) == 2


def test_two_exports_of_one_scope_are_stopped() -> None:
    names, texts = delivered(
        (f"{SEPTEMBER}/g", manifest("part_0_0001.csv")),
        ("costs/copy/20260901-20260930/g", manifest("part_0_0001.csv", export="copy")),
    )
    assert stop(names, texts) == (
        "exports 'daily' and 'copy' both deliver the ActualCost of "
        "/providers/microsoft.billing/billingaccounts/1: reading both would count it twice"
    )


def test_focus_and_actual_costs_are_two_bills() -> None:
    names, texts = delivered(
        (f"{SEPTEMBER}/g", manifest("part_0_0001.csv")),
        ("costs/f/20260901-20260930/g", manifest("part_0_0001.csv", type="FocusCost", export="f")),
    )
    assert stop(names, texts) == (
        "its path holds exports of different datasets: ActualCost, FocusCost"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "its manifest is no JSON: Expecting property name"),
        ("{}", "its manifest names no blobs"),
        ("[]", "its manifest names no blobs"),
        (manifest("part_0_0002.csv"), "its manifest names part_0_0002.csv, which is not there"),
        (
            manifest("a.csv", "b.csv", "part_0_0001.csv"),
            "its manifest names a.csv, which is not there (2 files of 3 are missing)",
        ),
        (
            manifest("part_0_0001.csv", start="2026-08-01T00:00:00"),
            "its manifest is that of another month (2026-08-01T00:00:00)",
        ),
        (
            manifest("part_0_0001.csv", type="PriceSheet"),
            "no export in its path holds charges, only PriceSheet",
        ),
        (
            manifest({"blobName": "part_0_0001.csv", "dataRowCount": 3}, dataRowCount=4),
            "its manifest states 4 rows, and 3 for its files",
        ),
    ],
)
def test_a_manifest_that_does_not_name_the_month_s_files_stops_it(text: str, problem: str) -> None:
    assert stop(*delivered((f"{SEPTEMBER}/g", text))).startswith(problem)


@pytest.mark.parametrize(
    "names",
    [
        [f"{SEPTEMBER}/202609{day}0000/g/part_0_0001.csv" for day in (20, 21)],
        [f"{SEPTEMBER}/daily_{guid}.csv" for guid in ("a", "b")],
    ],
)
def test_several_runs_without_a_manifest_are_stopped(names: list[str]) -> None:
    assert stop(names, {}) == (
        "2 files and no manifest.json: which of them are the latest run cannot be told, and "
        "reading all would count the month several times"
    )


@pytest.mark.parametrize(
    "names",
    [
        [f"{SEPTEMBER}/daily_1a2b.csv"],
        [f"{SEPTEMBER}/g/part_0_0001.parquet", f"{SEPTEMBER}/g/part_1_0001.parquet"],
    ],
)
def test_one_run_without_a_manifest_is_read_with_a_warning(names: list[str]) -> None:
    assert choose(names, {}) == Delivery(
        names,
        warnings=[f"no manifest.json says whether the delivery ({len(names)} files) is whole."],
    )


def test_a_month_without_files_is_stopped() -> None:
    assert stop([f"{SEPTEMBER}/g/readme.md"], {}) == (
        "the export has delivered no file for this month"
    )


STATED = {"blobName": "x/part_0_0001.csv", "byteCount": 8032, "dataRowCount": 36}
PATH = f"{SEPTEMBER}/g/manifest.json"
PART = f"{SEPTEMBER}/g/part_0_0001.csv"


@pytest.mark.parametrize(
    ("size", "rows", "problem"),
    [
        (8032, 36, None),
        (8032, None, None),
        (8000, None, f"{PART} has 8000 bytes, its manifest states 8032"),
        (8032, 35, f"{PART} has 35 rows, its manifest states 36"),
    ],
)
def test_a_file_is_held_against_what_its_manifest_states(
    size: int, rows: int | None, problem: str | None
) -> None:
    delivery = choose([PATH, PART], {PATH: manifest(STATED)})
    lines = None if rows is None else {PART: rows}
    if problem is None:
        delivery.require_stated("shop", MONTH, {PART: size}, lines)
        return
    with pytest.raises(BillUnreadable) as stopped:
        delivery.require_stated("shop", MONTH, {PART: size}, lines)
    assert stopped.value.problem == problem


def test_a_manifest_that_states_no_counts_is_believed() -> None:
    delivery = choose([PATH, PART], {PATH: manifest("part_0_0001.csv")})
    delivery.require_stated("shop", MONTH, {PART: 1}, {PART: 1})


def test_of_daily_runs_of_both_exports_the_last_ones_are_read_and_joined(
    tmp_path: Path, shared_data: Path
) -> None:
    root = tmp_path / "container"
    samples = {
        "ActualCost": "EA_ActualCost_Small.csv",
        "AmortizedCost": "EA_AmortizedCost_Small.csv.gz",
    }
    for type_, sample in samples.items():
        data = (shared_data / "billing" / "azure" / sample).read_bytes()
        for day in (20, 21):
            folder = root / f"costs/{type_}/20230901-20230930/202309{day}0300/guid-{day}"
            folder.mkdir(parents=True)
            part = folder / f"part_0_0001{'.csv.gz' if sample.endswith('.gz') else '.csv'}"
            part.write_bytes(data)
            blob = {
                "blobName": part.relative_to(tmp_path).as_posix(),
                "byteCount": len(data),
                "dataRowCount": 11 if type_ == "ActualCost" else 28,
            }
            told = manifest(
                blob,
                type=type_,
                export=type_,
                submitted=f"2023-09-{day}T03:00:00.1Z",
                start="2023-09-01T00:00:00",
                end=f"2023-09-{day}T00:00:00Z",
            )
            (folder / "manifest.json").write_text(told, encoding="utf-8")
    paths = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    texts = {
        name: path.read_text(encoding="utf-8")
        for name, path in paths.items()
        if LAYOUT.is_manifest(name)
    }
    found = LAYOUT.choose("shop", "2023-09", sorted(paths), texts)
    files = [
        LocalFile(str(paths[name]), name, paths[name].stat().st_size, "e", found.roles[name])
        for name in found.files
    ]
    tables = read_azure(tmp_path, *files, month="2023-09", told=found.month_is_told)
    assert [f"{sums(tables)[basis]:.2f}" for basis in BASES[:2]] == ["19.05", "16.30"]
    counted = pl.read_parquet(tables.files)
    lines = dict(counted.select("file", "lines_read").rows())
    found.require_stated("shop", "2023-09", {file.name: file.size for file in files}, lines)
