"""The same bill in every kind of file gives the same charges; a damaged file says where."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.billing.columns import Column
from pipelines.billing.file_months import months_of_file
from pipelines.billing.json_records import json_names
from pipelines.billing.layouts.loose import is_data
from pipelines.billing.reader import BillTables, read_bill
from pipelines.billing.registered import format_of
from pipelines.errors import BillUnreadable, FileDamaged
from pipelines.files import LocalFile
from pipelines.settings import BillSource

D = Decimal
LONG = "0.123456789012345678"
"""More digits than a double holds."""
Row = Mapping[str, str | None]
SOURCE = BillSource(name="shop", format="focus", path="bill")


def charge(cost: str = "1.5", day: int = 1, month: str = "2026-09", **more: str | None) -> Row:
    return {
        "ServiceProviderName": "AWS",
        "InvoiceIssuerName": "AWS",
        "InvoiceId": "INV-1",
        "BillingAccountId": "1",
        "BillingCurrency": "USD",
        "BillingPeriodStart": f"{month}-01T00:00:00Z",
        "BillingPeriodEnd": f"{month}-30T00:00:00Z",
        "ChargePeriodStart": f"{month}-{day:02}T00:00:00Z",
        "ChargePeriodEnd": f"{month}-{day:02}T01:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeDescription": 'said "so", with a comma\nand a second line',
        "ServiceName": "Bedrock",
        "ResourceId": f"i-{day}",
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "ListCost": cost,
        "Tags": '{"model":"ranker"}',
        **more,
    }


def as_csv(rows: Sequence[Row], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_json(rows: Sequence[Row]) -> str:
    """Costs as bare numbers, as they are, and tags as an object."""
    lines = []
    for row in rows:
        text = {name: value for name, value in row.items() if "Cost" not in name}
        numbers = ",".join(f'"{name}": {row[name]}' for name in row if "Cost" in name)
        text["Tags"] = json.loads(str(row["Tags"]))
        lines.append(f"{json.dumps(text)[:-1]}, {numbers}}}")
    return "\n".join(lines) + "\n"


def local(path: Path) -> LocalFile:
    return LocalFile(str(path), path.name, path.stat().st_size, "e")


def plain_csv(path: Path, rows: Sequence[Row]) -> Path:
    (path / "bill.csv").write_text(as_csv(rows), encoding="utf-8-sig")
    return path / "bill.csv"


def semicolons(path: Path, rows: Sequence[Row]) -> Path:
    (path / "bill.csv").write_text(as_csv(rows, ";"), encoding="utf-8")
    return path / "bill.csv"


def packed_csv(path: Path, rows: Sequence[Row]) -> Path:
    (path / "bill.csv.gz").write_bytes(gzip.compress(as_csv(rows).encode()))
    return path / "bill.csv.gz"


def json_lines(path: Path, rows: Sequence[Row]) -> Path:
    (path / "bill.jsonl").write_text("\n" + as_json(rows), encoding="utf-8")
    return path / "bill.jsonl"


def packed_json(path: Path, rows: Sequence[Row]) -> Path:
    (path / "bill.json.gz").write_bytes(gzip.compress(as_json(rows).encode()))
    return path / "bill.json.gz"


def parquet(path: Path, rows: Sequence[Row]) -> Path:
    """Costs as decimals, instants as timestamps, tags as a map."""
    source = plain_csv(path, rows)
    costs = ", ".join(f"{name}::DECIMAL(38,18) AS {name}" for name in rows[0] if "Cost" in name)
    times = ", ".join(f"{name}::TIMESTAMP AS {name}" for name in rows[0] if "Period" in name)
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT * REPLACE ({costs}, {times}, "
            "Tags::JSON::MAP(VARCHAR, VARCHAR) AS Tags) "
            f"FROM read_csv('{source}', all_varchar = true, delim = ',', quote = '\"')) "
            f"TO '{path / 'bill.parquet'}' (FORMAT parquet)"
        )
    source.unlink()
    return path / "bill.parquet"


def zipped(path: Path, rows: Sequence[Row]) -> Path:
    with zipfile.ZipFile(path / "bill.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("parts/1.csv", as_csv(rows[:1]))
        archive.writestr("parts/2.csv", as_csv(rows[1:]))
        archive.writestr("read me.txt.md", "no bill")
    return path / "bill.zip"


FORMS = [plain_csv, semicolons, packed_csv, json_lines, packed_json, parquet, zipped]
Form = Callable[[Path, Sequence[Row]], Path]


def read(folder: Path, *files: Path, month: str = "2026-09", told: bool = False) -> BillTables:
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        return read_bill(
            con, SOURCE, month, [local(f) for f in files], folder / "work", month_is_told=told
        )


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_kind_of_file_gives_the_same_charges_to_the_last_digit(tmp_path: Path, form: Form):
    rows = [charge(LONG), charge("-2", day=2), charge("1e-7", day=3, ResourceId=None)]
    tables = read(tmp_path, form(tmp_path, rows))

    found = pl.read_parquet(tables.charges).sort("ChargePeriodStart")
    assert found["BilledCost"].to_list() == [D(LONG), D(-2), D("0.0000001")]
    assert found["ResourceId"].to_list() == ["i-1", "i-2", None]
    assert set(found["ChargeDescription"]) == {rows[0]["ChargeDescription"]}
    assert {json.loads(tags)["model"] for tags in found["Tags"]} == {"ranker"}
    files = pl.read_parquet(tables.files)
    assert (files["lines_read"].sum(), files["charges"].sum()) == (3, 3)
    assert files["rejects"].sum() == 0


def test_ids_are_those_of_the_lines_whatever_file_they_come_in(tmp_path: Path):
    rows = [charge(day=day) for day in (1, 2, 3)]
    ids = []
    for form in (plain_csv, json_lines, parquet, zipped):
        folder = tmp_path / form.__name__
        folder.mkdir()
        ids.append(set(pl.read_parquet(read(folder, form(folder, rows)).charges)["x_ChargeId"]))
    assert ids == [ids[0]] * 4
    assert len(ids[0]) == 3


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("bill.parquet", lambda data: data[:-20], "bill.parquet is damaged"),
        ("bill.parquet", lambda _: b"no parquet at all", "bill.parquet is damaged"),
        ("bill.jsonl", lambda data: data + b"{half", "bill.jsonl, line 3 is no JSON"),
        ("bill.jsonl", lambda data: data + b"[1, 2]\n", "bill.jsonl, line 3 is no JSON object"),
        ("bill.jsonl", lambda _: b"\n", "bill.jsonl is empty"),
        ("bill.json.gz", lambda data: data[:-9], "bill.json.gz is damaged"),
        ("bill.csv.gz", lambda data: data[:-9], "bill.csv.gz is damaged"),
    ],
)
def test_a_damaged_file_stops_the_month_and_is_named(
    tmp_path: Path, name: str, damage: Callable[[bytes], bytes], said: str
):
    forms: dict[str, Form] = {
        "bill.parquet": parquet,
        "bill.jsonl": json_lines,
        "bill.json.gz": packed_json,
        "bill.csv.gz": packed_csv,
    }
    file = forms[name](tmp_path, [charge(), charge(day=2)])
    file.write_bytes(damage(file.read_bytes().lstrip(b"\n")))
    with pytest.raises(BillUnreadable, match=said):
        read(tmp_path, file)


def test_a_cut_off_zip_is_named(tmp_path: Path):
    file = zipped(tmp_path, [charge(), charge(day=2)])
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(FileDamaged, match=r"bill\.zip"):
        read(tmp_path, file)


def test_the_lines_of_other_months_are_counted_and_left_to_their_month(tmp_path: Path):
    rows = [charge("1"), charge("2", day=2, month="2026-10"), charge("4", day=3)]
    file = plain_csv(tmp_path, rows)
    sums = {}
    for month in ("2026-09", "2026-10"):
        tables = read(tmp_path / month, file, month=month)
        counts = pl.read_parquet(tables.files).row(0, named=True)
        assert counts["lines_read"] == counts["charges"] + counts["other_months"] == 3
        sums[month] = sum(pl.read_parquet(tables.charges)["BilledCost"], D(0))
        totals = pl.read_parquet(tables.export_totals).filter(pl.col("basis") == "BilledCost")
        assert sum(totals["export_total"], D(0)) == sums[month]
    assert sums == {"2026-09": D(5), "2026-10": D(2)}


def test_a_line_of_another_month_is_a_fault_where_the_delivery_tells_the_month(tmp_path: Path):
    file = plain_csv(tmp_path, [charge(), charge(month="2026-10")])
    with pytest.raises(BillUnreadable, match="another billing month than the delivery's"):
        read(tmp_path, file, told=True)


def test_the_months_of_a_file_are_those_of_its_lines(tmp_path: Path):
    rows = [charge(), charge(month="2026-10"), charge(BillingPeriodStart="soon")]
    file = zipped(tmp_path, rows)
    with duckdb.connect() as con:
        found = months_of_file(con, SOURCE, format_of(SOURCE), local(file), tmp_path / "look")
    assert found == ["", "2026-09", "2026-10"]


def test_a_month_delivered_twice_under_two_names_stops_and_may_be_kept_on_purpose(tmp_path: Path):
    rows = [charge(day=day) for day in range(1, 10)]
    early = tmp_path / "september.csv"
    plain_csv(tmp_path, rows[:5]).rename(early)
    late = tmp_path / "september-final.csv"
    plain_csv(tmp_path, [charge("2", day=day) for day in range(1, 10)]).rename(late)
    with pytest.raises(BillUnreadable, match=r"delivered twice: .* of the .* lines"):
        read(tmp_path, early, late)

    kept = SOURCE.model_copy(update={"repeated_lines": "keep"})
    with duckdb.connect() as con:
        tables = read_bill(
            *(con, kept, "2026-09", [local(early), local(late)], tmp_path / "kept"),
            month_is_told=False,
        )
    assert sum(pl.read_parquet(tables.charges)["BilledCost"], D(0)) == D("25.5")


def test_parts_of_one_delivery_are_read_together(tmp_path: Path):
    parts = []
    for number, day in enumerate((1, 2, 3), start=1):
        part = tmp_path / f"part-{number}.csv"
        plain_csv(tmp_path, [charge(day=day)]).rename(part)
        parts.append(part)
    assert pl.read_parquet(read(tmp_path, *parts).charges).height == 3


def test_focus_s_other_datasets_are_of_no_month_and_a_manifest_is_no_bill(tmp_path: Path):
    header = "BilledCost,BillingPeriodStart,InvoiceDetailId,InvoiceDetailGrain,ChargeCategory\n"
    invoices = tmp_path / "invoice_detail.csv"
    invoices.write_text(header + "1,2026-09-01T00:00:00Z,I,Line,Usage\n", encoding="utf-8")
    bill = plain_csv(tmp_path, [charge()])
    found = {}
    for file in (invoices, bill):
        with duckdb.connect() as con:
            found[file.name] = months_of_file(
                con, SOURCE, format_of(SOURCE), local(file), tmp_path / f"look-{file.name}"
            )
    assert found == {"invoice_detail.csv": [], "bill.csv": ["2026-09"]}
    assert not is_data("focus_1_4_manifest.json")
    assert is_data("charges.json")


def test_a_key_that_only_a_later_json_line_has_is_read_and_an_alias_is_not_hidden(tmp_path: Path):
    columns = (Column("a", "Alpha"), Column("b", "Beta", aliases=("OldBeta",)))
    file = tmp_path / "x.jsonl"
    file.write_text('{"OldBeta": "1"}\n', encoding="utf-8")
    assert json_names(local(file), columns, "shop", "2026-09") == ["OldBeta", "Alpha"]
    sparse = json_lines(tmp_path, [charge(), charge(day=2, InvoiceId="INV-2")])
    lines = sparse.read_text(encoding="utf-8").replace('"InvoiceId": "INV-1", ', "")
    sparse.write_text(lines, encoding="utf-8")
    found = pl.read_parquet(read(tmp_path, sparse).charges).sort("ChargePeriodStart")
    assert found["InvoiceId"].to_list() == [None, "INV-2"]


def test_lines_of_a_parquet_file_keep_their_numbers_however_they_are_written(tmp_path: Path):
    rows = [charge(str(day), day=1 + day % 28) for day in range(1, 400)]
    found = pl.read_parquet(read(tmp_path, parquet(tmp_path, rows)).charges)
    numbered = dict(found.select("x_SourceLine", "BilledCost").iter_rows())
    assert numbered == {line: D(line) for line in range(1, 400)}
