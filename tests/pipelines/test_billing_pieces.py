"""A long file is read in pieces; nobody who reads the month can tell."""

import gzip
import random
from decimal import Decimal
from pathlib import Path

import pytest
from billing_reading import charges, read, sums
from builders import cur_file, cur_line, cur_text

import pipelines.files
from pipelines.billing import pieces
from pipelines.billing.pieces import cut
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile, count_lines, count_records


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pieces, "PIECE", 2000)
    monkeypatch.setattr(pipelines.files, "CHUNK", 700)


def lines(number: int, **changed: str) -> list[dict[str, str]]:
    return [cur_line(f"{n}.25", ResourceId=f"i-{n}", **changed) for n in range(number)]


def packed(folder: Path, data: bytes) -> LocalFile:
    path = folder / "text.csv.gz"
    path.write_bytes(gzip.compress(data))
    return LocalFile(str(path), path.name, path.stat().st_size, "etag")


@pytest.mark.parametrize("seed", range(30))
def test_pieces_are_the_file_and_end_outside_of_quotes(tmp_path: Path, seed: int):
    rng = random.Random(seed)  # noqa: S311 -- a repeatable file
    fields = ["", "a", '"b,c"', '"x""y"', '"l\nm"', '"\n\n"', '"' + "long" * 300 + '"']
    rows = [",".join(rng.choices(fields, k=3)) for _ in range(rng.randrange(60))]
    data = ("\n".join(rows) + rng.choice(["", "\n"])).encode()
    file = packed(tmp_path, data)
    parts = [(part, part.path.read_bytes()) for part in cut(file, tmp_path)]
    assert b"".join(text for _, text in parts) == data
    assert all(text.count(b'"') % 2 == 0 for _, text in parts)
    assert all(text.endswith(b"\n") for _, text in parts[:-1])
    assert sum(part.lines for part, _ in parts) == count_lines(file)
    plain = [LocalFile(str(part.path), "piece", 0, "") for part, _ in parts]
    assert sum(map(count_records, plain)) == count_records(file)
    assert {path.name for path in tmp_path.glob("unpacked-*")} == {p.path.name for p, _ in parts}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("description", ["plain", "two\nlines", 'a "word"'])
def test_a_line_keeps_its_number_in_whatever_piece_it_lies(
    tmp_path: Path, end: str, description: str
):
    bill = lines(60, LineItemDescription=description)
    text = cur_text(bill).replace("\n", end)
    tables = read(tmp_path, text)
    read_lines = charges(tables).select("x_SourceLine", "ResourceId").rows()
    assert read_lines == [(n + 2, f"i-{n}") for n in range(60)]
    assert sums(tables)["BilledCost"] == Decimal("1785")  # 0 to 59, and 60 quarters
    assert len(list((tmp_path / "work").glob("raw-*"))) > 5
    assert not list((tmp_path / "work").glob("unpacked-*"))


def test_a_record_of_another_shape_is_named_by_its_line_in_the_file(tmp_path: Path):
    text = cur_text(lines(60)) + "too,few\n" + cur_text(lines(9)).split("\n", 1)[1]
    with pytest.raises(BillUnreadable) as error:
        read(tmp_path, text)
    assert {reject["line"] for reject in error.value.rejects} == {62}
    assert "1 lines of bill-00001.csv.gz" in error.value.problem


def test_a_bad_field_is_named_by_its_line_in_the_file(tmp_path: Path):
    with pytest.raises(BillUnreadable, match="line 62: lineItem/UnblendedCost"):
        read(tmp_path, [*lines(60), cur_line("much"), *lines(9)])


def test_damage_is_found_before_a_record_is_blamed(tmp_path: Path):
    file = cur_file(tmp_path, [*lines(3000), cur_line()])
    data = bytearray(Path(file.path).read_bytes())
    data[-6] ^= 1  # the checksum at the end: every record before it is whole
    Path(file.path).write_bytes(data)
    with pytest.raises(BillUnreadable, match="damaged"):
        read(tmp_path, [file])
    assert not list((tmp_path / "work").glob("core_*"))
