"""Bad lines: each with file, line, field and reason, never its text; damaged files stop."""

import gzip

import polars as pl
import pytest

from pipelines.errors import LogUnreadable
from tests.pipelines.inference_logs import read_logs, record, write_csv, write_jsonl, write_text

BAD_FIELDS = [
    ({"model": None}, "model", "missing"),
    ({"model": "  "}, "model", "missing"),
    ({"started_at": None}, "started_at", "missing"),
    ({"started_at": "yesterday"}, "started_at", "not a time"),
    ({"started_at": "2026-02-30T00:00:00Z"}, "started_at", "not a time"),
    ({"started_at": "infinity"}, "started_at", "not a time"),
    ({"started_at": "2026-09-05T10:15:00"}, "started_at", "no time zone"),
    ({"input_tokens": -1}, "input_tokens", "negative"),
    ({"input_tokens": "1.7"}, "input_tokens", "not a whole number"),
    ({"input_tokens": "12abc"}, "input_tokens", "not a number"),
    ({"output_tokens": "nan"}, "output_tokens", "not a number"),
    ({"requests": -5}, "requests", "negative"),
    ({"gpu_ms": "nan"}, "gpu_ms", "not a number"),
    ({"gpu_ms": "inf"}, "gpu_ms", "not a number"),
    ({"gpu_ms": -0.5}, "gpu_ms", "negative"),
    ({"is_batch": "perhaps"}, "is_batch", "not true or false"),
    ({"sample_rate": 0}, "sample_rate", "not a share"),
    ({"sample_rate": 1.5}, "sample_rate", "not a share"),
    (
        {"input_tokens": 10, "input_tokens_cache_read": 6, "input_tokens_cache_write": 5},
        "input_tokens_cache_read",
        "more tokens from and to the cache than input tokens",
    ),
    (
        {"output_tokens": 1, "output_tokens_reasoning": 2},
        "output_tokens_reasoning",
        "more reasoning tokens than output tokens",
    ),
]


@pytest.mark.parametrize(("fields", "column", "reason"), BAD_FIELDS)
def test_a_bad_field_rejects_its_line_and_no_other(tmp_path, fields, column, reason):
    rows = [record(tenant="a"), record(**fields), record(tenant="b")]
    for name, line in (("a.jsonl", 2), ("a.jsonl.gz", 2), ("a.csv", 3), ("a.csv.gz", 3)):
        write = write_jsonl if "json" in name else write_csv
        read = read_logs(tmp_path, write(tmp_path / name, rows))
        assert read.bad_lines() == [(name, line, column, reason)]
        assert read.counts()[name] == (3, 2, 0, 0, 1)
        assert read.total("requests") == 2
        assert "1 of 3 lines" in read.warnings[0]


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        (pl.Float64, [1.0, float("nan")], "not a number"),
        (pl.Float64, [1.0, float("inf")], "not a number"),
        (pl.Float64, [1.0, 1.5], "not a whole number"),
        (pl.Int32, [1, -1], "negative"),
        (pl.UInt64, [1, 2**64 - 1], "not a number"),
        (pl.String, ["1", "x"], "not a number"),
    ],
)
def test_bad_fields_of_parquet_are_rejected_by_row(tmp_path, kind, values, reason):
    frame = pl.DataFrame(
        {
            "started_at": ["2026-09-05T10:15:00Z"] * 2,
            "model": ["m"] * 2,
            "input_tokens": pl.Series(values, dtype=kind),
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    read = read_logs(tmp_path, tmp_path / "a.parquet")
    assert read.bad_lines() == [("a.parquet", 2, "input_tokens", reason)]
    assert read.total("input_tokens") == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "not JSON"),
        ('{"model": "rank", "started_at": "2026-09-05T', "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ('{"model": "a", "model": "b", "started_at": 1}', "a field is given twice"),
        ('{"started_at": 1788603300, "model": "a"} {"model": "b"}', "not JSON"),
    ],
)
@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz"])
def test_lines_that_are_no_record_are_found_by_number(tmp_path, line, reason, suffix):
    lines = [record(tenant=str(i)) for i in range(5)]
    path = write_jsonl(tmp_path / f"a.{suffix}", [*lines, "", line, *lines])
    read = read_logs(tmp_path, path)
    assert read.bad_lines() == [(path.name, 7, "(line)", reason)]
    assert read.counts()[path.name] == (11, 10, 0, 0, 1)


def test_null_empty_objects_and_nested_values_are_rejected(tmp_path):
    lines = ["null", "{}", record(model={"name": "secret"}), record(tenant=["a"]), record()]
    read = read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", lines))
    assert [line for _, line, *_ in read.bad_lines()] == [1, 2, 3, 4]
    assert ("a.jsonl", 3, "model", "not a plain value") in read.bad_lines()
    assert read.total("requests") == 1


def test_text_that_starts_like_an_object_is_text_where_it_is_text(tmp_path):
    read = read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", [record(tenant="[shop] {1}")]))
    assert read.usage["tenant"].to_list() == ["[shop] {1}"]


def test_bytes_that_are_not_utf8_reject_their_line(tmp_path):
    good = b'{"model": "a", "started_at": 1788603300}\n'
    (tmp_path / "a.jsonl").write_bytes(
        good + b'{"model": "\xff", "started_at": 1788603300}\n' + good
    )
    (tmp_path / "a.csv").write_bytes(
        b"model,started_at\na,1788603300\n\xff,1788603300\nb,1788603300"
    )
    read = read_logs(tmp_path, tmp_path / "a.jsonl", tmp_path / "a.csv")
    assert read.bad_lines() == [
        ("a.csv", 3, "(line)", "not UTF-8"),
        ("a.jsonl", 2, "(line)", "not UTF-8"),
    ]
    assert read.total("requests") == 4


def test_a_byte_order_mark_carriage_returns_and_blank_lines_are_no_harm(tmp_path):
    line = b'{"model": "a", "started_at": 1788603300}\r\n'
    (tmp_path / "a.jsonl").write_bytes(
        b"\xef\xbb\xbf" + line + b"\r\n" + line + b"\n\n" + line[:-2]
    )
    (tmp_path / "a.csv").write_bytes(
        b"\xef\xbb\xbfmodel,started_at\r\na,1788603300\r\n\r\n\r\nb,1788603300\r\n"
    )
    read = read_logs(tmp_path, tmp_path / "a.jsonl", tmp_path / "a.csv")
    assert read.counts() == {"a.csv": (2, 2, 0, 0, 0), "a.jsonl": (3, 3, 0, 0, 0)}


CSV_HEAD = "started_at,model,tenant,input_tokens\n"


@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
@pytest.mark.parametrize(
    "bad",
    [
        '1788603300,rank,"never closed,5',
        '1788603300,"ra"nk,t,5',
        "1788603300,rank,t",
        "1788603300,rank,t,5,6",
    ],
)
def test_a_broken_csv_line_does_not_swallow_its_neighbours(tmp_path, suffix, bad):
    good = [f'1788603300,rank,"t{i}",{10**i}' for i in range(6)]
    text = CSV_HEAD + "\n".join([*good[:3], bad, *good[3:]]) + "\n"
    path = write_text(tmp_path / f"a.{suffix}", text)
    read = read_logs(tmp_path, path)
    assert read.total("input_tokens") == 111_111
    assert [(line, column) for _, line, column, _ in read.bad_lines()] == [(5, "(line)")]
    assert read.counts()[path.name] == (7, 6, 0, 0, 1)


def test_a_quoted_field_may_span_lines_and_later_line_numbers_stay_physical(tmp_path):
    text = CSV_HEAD + '1788603300,rank,"two\nlines",1\n1788603300,,t,1\n'
    read = read_logs(tmp_path, write_text(tmp_path / "a.csv", text))
    assert read.usage["tenant"].to_list() == ["two lines"]
    assert read.bad_lines() == [("a.csv", 4, "model", "missing")]
    assert read.counts()["a.csv"] == (2, 1, 0, 0, 1)


def test_words_for_missing_are_missing_in_csv(tmp_path):
    text = CSV_HEAD + "1788603300,rank,None,NULL\n1788603300,rank,null,\\N\n"
    read = read_logs(tmp_path, write_text(tmp_path / "a.csv", text))
    assert read.usage["tenant"].to_list() == [""]
    assert read.total("input_tokens") is None


def test_one_bad_file_among_many_small_ones_is_the_only_one_repaired(tmp_path):
    paths = [
        write_jsonl(tmp_path / f"{i:03d}.jsonl", [record(request_id=f"{i}-{k}") for k in range(3)])
        for i in range(150)
    ]
    write_jsonl(paths[70], [record(request_id="x"), "{broken", record(model="")])
    read = read_logs(tmp_path, *paths)
    assert read.bad_lines() == [
        ("070.jsonl", 2, "(line)", "not JSON"),
        ("070.jsonl", 3, "model", "missing"),
    ]
    assert read.total("requests") == 149 * 3 + 1


def test_prompts_are_in_no_table(tmp_path):
    prompt = "my card number is 4111"
    lines = [record(prompt=prompt), '{"prompt": "' + prompt, record(model="", prompt=prompt)]
    read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", lines))
    for path in (tmp_path / ".work").glob("*"):
        if path.is_file():
            assert prompt.encode() not in path.read_bytes()
            assert "4111" not in str(pl.read_parquet(path).rows())


def test_a_truncated_gzip_stops_the_source(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl.gz", [record(tenant=str(i)) for i in range(5000)])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(LogUnreadable, match=r"a\.jsonl\.gz"):
        read_logs(tmp_path, path)


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv.gz", "a.parquet.gz"])
def test_one_flipped_bit_in_a_gzip_stops_the_source(tmp_path, name):
    plain = write_jsonl(tmp_path / "plain.jsonl", [record(input_tokens=i) for i in range(2000)])
    data = bytearray(gzip.compress(plain.read_bytes(), compresslevel=0))
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(bytes(data))
    with pytest.raises(LogUnreadable, match=name):
        read_logs(tmp_path, tmp_path / name)


def test_a_gzip_of_several_members_is_read_whole(tmp_path):
    member = gzip.compress(b'{"model": "a", "started_at": 1788603300}\n')
    (tmp_path / "a.jsonl.gz").write_bytes(member * 3)
    assert read_logs(tmp_path, tmp_path / "a.jsonl.gz").total("requests") == 3


def test_a_packed_parquet_is_read(tmp_path):
    pl.DataFrame([record()]).write_parquet(tmp_path / "p.parquet")
    (tmp_path / "p.parquet.gz").write_bytes(gzip.compress((tmp_path / "p.parquet").read_bytes()))
    assert read_logs(tmp_path, tmp_path / "p.parquet.gz").total("requests") == 1


def test_files_that_cannot_hold_records_stop_the_source(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 this is no parquet PAR1")
    with pytest.raises(LogUnreadable, match=r"a\.parquet"):
        read_logs(tmp_path, tmp_path / "a.parquet")
    pl.DataFrame({"model": ["a"]}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(LogUnreadable, match="no column started_at"):
        read_logs(tmp_path, tmp_path / "b.parquet")
    with pytest.raises(LogUnreadable, match="no column model"):
        read_logs(tmp_path, write_text(tmp_path / "c.csv", "started_at,x\n1,2\n"))
    with pytest.raises(LogUnreadable, match="occurs twice"):
        read_logs(tmp_path, write_text(tmp_path / "d.csv", "started_at,model,model\n1,2,3\n"))


def test_a_damaged_page_of_a_parquet_names_its_file(tmp_path):
    frame = pl.DataFrame(
        {"started_at": [1788603300] * 50_000, "model": [f"m{i}" for i in range(50_000)]}
    )
    path = tmp_path / "a.parquet"
    frame.write_parquet(path, compression="zstd")
    data = bytearray(path.read_bytes())
    for i in range(2000, len(data) - 2000, 50):
        data[i] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(LogUnreadable, match=r"a\.parquet"):
        read_logs(tmp_path, path)
