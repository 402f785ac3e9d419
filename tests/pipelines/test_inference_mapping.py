"""Logs of any shape by a user's mapping file: what it may say, and what is said of a wrong one."""

import json
from base64 import b64encode
from datetime import datetime

import duckdb
import pytest

from pipelines.errors import LogUnreadable, SettingsInvalid
from pipelines.inference.mapped import mapped_format
from tests.pipelines.inference_logs import write_csv, write_jsonl, write_text
from tests.pipelines.mapped_logs import MINIMAL, line, read_lines, read_mapped


def reasons(read) -> list[tuple[str, str]]:
    return [(column, reason) for _, _, column, reason in read.bad_lines()]


def started(read) -> datetime:
    [at] = read.files["first_at"].to_list()
    return at


def with_dates(*said: str) -> str:
    return "\n".join([MINIMAL, "[reading]", *said])


def test_one_mapping_reads_lines_documents_csv_and_parquet_alike(tmp_path):
    mapping = """
    [fields]
    started_at = "at"
    model = "call.model"
    input_tokens = "call.usage[0].in"
    output_tokens = { sum = ["call.usage[0].out", "call.usage[-1].thought"] }
    tenant = { concat = ["shop", "site"], with = "-" }
    resource_id = { match = "^arn:[^/]+/(.+)$", of = "resource" }
    """
    rows = [
        {
            "at": f"2026-09-05T10:15:0{n}Z",
            "call": {"model": "rank", "usage": [{"in": n, "out": 2}, {"thought": 5}]},
            "shop": "berlin",
            "site": "de" if n else None,
            "resource": "arn:aws:x/node-1",
        }
        for n in range(3)
    ]
    as_text = [{**row, "call": json.dumps(row["call"])} for row in rows]
    parquet, document = tmp_path / "log.parquet", tmp_path / "log.json"
    lines = write_jsonl(tmp_path / "log.jsonl.gz", rows)
    with duckdb.connect() as con:
        con.sql(f"COPY (FROM read_json('{lines}')) TO '{parquet}'")  # nested columns
    files = [
        lines,
        write_jsonl(tmp_path / "text.jsonl", as_text),
        write_csv(tmp_path / "log.csv", as_text),
        write_text(document, json.dumps(rows, indent=2)),
        parquet,
    ]
    for file in files:
        read = read_mapped(tmp_path, mapping, file)
        assert read.bad_lines() == [], file
        assert read.fates()[file.name] == (3, 3, 0, 0, 0)
        assert (read.total("input_tokens"), read.total("output_tokens")) == (3, 21), file
        found = read.usage.select("model", "tenant", "resource_id", "requests").rows()
        assert found == [("rank", "berlin", "node-1", 1), ("rank", "berlin-de", "node-1", 2)], file


@pytest.mark.parametrize(
    ("said", "text", "instant"),
    [
        (['dates = "iso"'], "2026-09-05 10:15:00.25 UTC", datetime(2026, 9, 5, 10, 15, 0, 250000)),
        (['timezone = "Europe/Berlin"'], "2026-09-05T10:15:00", datetime(2026, 9, 5, 8, 15)),
        (['timezone = "Europe/Berlin"'], "2026-09-05T10:15:00Z", datetime(2026, 9, 5, 10, 15)),
        (['dates = "unix"'], 1788603300.5, datetime(2026, 9, 5, 10, 15, 0, 500000)),
        (['dates = "unix_ms"'], 1788603300500, datetime(2026, 9, 5, 10, 15, 0, 500000)),
        (['dates = "unix_us"'], 1788603300500001, datetime(2026, 9, 5, 10, 15, 0, 500001)),
        (['dates = "unix_ns"'], 1788603300500001999, datetime(2026, 9, 5, 10, 15, 0, 500001)),
        (['dates = "ticks"'], 639242001005000019, datetime(2026, 9, 5, 10, 15, 0, 500001)),
        (["origin = 2026-09-05T10:00:00Z"], 900.25, datetime(2026, 9, 5, 10, 15, 0, 250000)),
        (
            ["origin = 2026-09-05T10:00:00Z", 'origin_unit = "min"'],
            15,
            datetime(2026, 9, 5, 10, 15),
        ),
        (
            ['dates = "%d.%m.%Y %H:%M"', 'timezone = "Asia/Shanghai"'],
            "05.09.2026 18:15",
            datetime(2026, 9, 5, 10, 15),
        ),
        (['dates = "%d.%m.%y %H:%M %z"'], "05.09.26 12:15 +0200", datetime(2026, 9, 5, 10, 15)),
    ],
)  # fmt: skip
def test_instants_are_read_as_the_mapping_says(tmp_path, said, text, instant):
    assert started(read_lines(tmp_path, with_dates(*said), line(at=text))) == instant


@pytest.mark.parametrize(
    ("said", "text", "reason"),
    [
        ('dates = "iso"', "1788603300", "not iso"),
        ('dates = "iso"', "2026-09-05T10:15:00", "no time zone"),
        ('timezone = "UTC"', "2026-13-05T10:15:00", "not iso"),
        ('dates = "unix"', "2026-09-05T10:15:00Z", "not unix"),
        ('dates = "ticks"', "later", "not ticks"),
        ('dates = "%d.%m.%Y"', "2026-09-05", "not %d.%m.%Y"),
        ("origin = 2026-09-05T10:00:00Z", "soon", "not a number of s since the origin"),
        ('dates = "unix"', None, "missing"),
    ],
)
def test_an_instant_that_is_written_otherwise_is_a_reject(tmp_path, said, text, reason):
    read = read_lines(tmp_path, with_dates(said), line(at=text))
    assert reasons(read) == [("started_at", reason)]
    assert read.total("requests") is None


def test_the_zone_of_the_settings_wins_over_the_mapping_s(tmp_path):
    mapping = with_dates('timezone = "Europe/Berlin"')
    read = read_lines(tmp_path, mapping, line(at="2026-09-05T10:15:00"), timezone="Asia/Shanghai")
    assert started(read) == datetime(2026, 9, 5, 2, 15)


def test_numbers_words_scales_constants_and_lines_left_out(tmp_path):
    mapping = """
    [fields]
    started_at = "at"
    model = "model"
    status = "state"
    gpu_ms = { product = ["gpus", "seconds"] }
    input_tokens = "in"
    reported_cost = "cost"
    service_tier = { first_of = ["tier", { constant = "standard" }] }
    use_case = { file = '^([^/]+)/' }
    [scale]
    gpu_ms = 1000
    [constants]
    provider = "azure"
    is_batch = "true"
    [words.status]
    FINISHED = "ok"
    [leave_out]
    state = ["WARM-UP", ""]
    [reading]
    delimiter = ";"
    decimal = ","
    thousands = "."
    """
    header = "at;model;state;gpus;seconds;in;cost;tier\n"
    rows = [
        "2026-09-05T10:15:00Z;rank;FINISHED;2;1,5;1.234;0,25;\n",
        "2026-09-05T10:15:00Z;rank;KILLED;1;1.000,125;7;;flex\n",
        "2026-09-05T10:15:00Z;rank;WARM-UP;x;x;x;x;\n",
        "not even a date;;;;;;;\n",
        "2026-09-05T10:15:00Z;rank;FINISHED;2;1,5;12.34;;\n",
        "2026-09-05T10:15:00Z;rank;FINISHED;2;1.5;1;;\n",
        "2026-09-05T10:15:00Z;rank;FINISHED;2;;1;;\n",
    ]
    file = write_text(tmp_path / "search/log.csv", header + "".join(rows))
    read = read_mapped(tmp_path, mapping, file)
    assert read.fates()["search/log.csv"] == (7, 3, 0, 2, 2)
    assert reasons(read) == [("input_tokens", "not a number"), ("gpu_ms", "not a number")]
    columns = ("status", "service_tier", "requests", "input_tokens", "gpu_microseconds")
    assert sorted(read.usage.select(columns).rows()) == [
        ("killed", "flex", 1, 7, 1_000_125_000),
        ("ok", "standard", 2, 1_235, 3_000_000),  # no seconds: no GPU time was measured
    ]
    assert read.usage["requests_with_gpu_time"].sum() == 2
    assert str(read.usage["reported_cost"].sum()) == "0.250000000000000000"
    assert set(read.usage.select("provider", "use_case", "is_batch").rows()) == {
        ("azure", "search", True)
    }


def test_fractions_are_rejects_unless_they_are_carried_to_the_next_line(tmp_path):
    lines = [line(**{"in": value}) for value in (0.4, 0.4, 0.4, None, 0.4, -1, 0.9)]
    read = read_lines(tmp_path, MINIMAL, *lines)
    assert reasons(read).count(("input_tokens", "not a whole number")) == 5
    carried = read_lines(tmp_path, with_dates('fractions = "carry"'), *lines)
    assert carried.total("requests") == 6
    assert reasons(carried) == [("input_tokens", "negative")]
    assert carried.total("input_tokens") == 3  # of 2.5


def test_what_is_carried_does_not_hang_on_the_files_beside(tmp_path):
    mapping = with_dates('fractions = "carry"')
    first = write_jsonl(tmp_path / "a.jsonl", [line(**{"in": 0.3})])
    second = write_jsonl(tmp_path / "b.jsonl", [line(**{"in": 0.3}), line(**{"in": 0.3})])
    alone = read_mapped(tmp_path, mapping, second)
    both = read_mapped(tmp_path, mapping, first, second)
    assert (alone.total("input_tokens"), both.total("input_tokens")) == (1, 1)


def test_pods_hold_what_they_ask_for_from_an_instant_until_another(tmp_path):
    mapping = """
    kind = "allocations"
    [fields]
    started_at = "scheduled"
    ended_at = { first_of = ["deleted", { constant = 7200 }] }
    model = { concat = ["namespace", "pod"], with = "/" }
    gpus = { product = ["gpus", "milli", { constant = 0.001 }] }
    memory_gib = "mib"
    [constants]
    vcpus = "8"
    [scale]
    memory_gib = 0.0009765625
    [reading]
    origin = 2026-09-05T10:00:00Z
    """
    pod = {"scheduled": 1800, "namespace": "rec", "pod": "rank-1", "gpus": 1, "milli": 250}
    read = read_lines(
        tmp_path,
        mapping,
        {**pod, "deleted": 5400, "mib": 4096},
        {**pod, "mib": 512},
        {**pod, "deleted": 0, "mib": 1},
        {**pod, "milli": "half"},
    )
    assert reasons(read) == [
        ("ended_at", "before it started"),
        ("gpu_held_ms", "not a number"),
    ]
    assert set(read.usage["grain"]) == {"allocation"}
    assert read.usage["requests"].sum() == 0
    assert read.total("gpu_held_microseconds") == (3_600 + 5_400) * 250_000
    assert read.total("vcpu_milliseconds") == (3_600 + 5_400) * 8_000
    assert read.total("memory_gib_milliseconds") == 3_600_000 * 4 + 5_400_000 // 2
    held = read.usage.group_by("hour").agg("gpu_held_microseconds").sort("hour")
    assert [sum(amounts) for amounts in held["gpu_held_microseconds"]] == [
        2 * 1_800 * 250_000,
        (1_800 + 3_600) * 250_000,
    ]


def test_a_way_into_a_value_that_is_no_object_is_a_reject_and_may_be_allowed(tmp_path):
    strict = MINIMAL.replace('"in"', '"usage.in"')
    lines = [
        line(usage={"in": 1}),
        line(usage="none"),
        line(usage=[1]),
        line(usage=None),
        line(usage={"out": 3}),
        line(),
        line(model={"name": "rank"}),
    ]
    read = read_lines(tmp_path, strict, *lines)
    assert reasons(read) == [
        ("input_tokens", "usage.in leads into a value that is no object"),
        ("input_tokens", "usage.in leads into a value that is no object"),
        ("model", "not a plain value"),
    ]
    lenient = MINIMAL.replace('"in"', '{ if_there = "usage.in" }')
    read = read_lines(tmp_path, lenient, *lines[:-1])
    assert (read.bad_lines(), read.total("requests"), read.total("input_tokens")) == ([], 6, 1)


def test_a_table_without_a_column_of_the_mapping_is_not_read(tmp_path):
    table = write_csv(tmp_path / "log.csv", [{"at": "2026-09-05T10:15:00Z", "modell": "rank"}])
    with pytest.raises(LogUnreadable) as error:
        read_mapped(tmp_path, MINIMAL, table)
    assert (
        "log.csv was not read: it has no column 'model', which fields.model of my.toml names; "
        "the nearest there is is 'modell'"
    ) in str(error.value)
    either = MINIMAL.replace('"model"', '{ first_of = ["model", "modell"] }').replace(
        '"in"', '{ if_there = "in" }'
    )
    assert read_mapped(tmp_path, either, table).total("requests") == 1


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("", "started_at is missing: name its column or path under [fields]"),
        ("[fields]\nstarted_at = 'a'", "model is missing"),
        ("[fields]\ninput_token = 'a'", "'input_token' is no field of the record; the nearest is"),
        ("[fields]\nmodel = { fist_of = ['a'] }", "fields.model: is neither a column or path nor"),
        ("[fields]\nmodel = { first_of = ['a..b'] }", "fields.model.first_of.0: is no path"),
        ("[fields]\nmodel = { match = 'a(b', of = 'c' }", "is no regular expression"),
        ("[fields]\nmodel = { match = '(?=a)(b)', of = 'c' }", "looks ahead, behind or back"),
        ("[fields]\nmodel = { match = 'ab', of = 'c' }", "has 0 groups"),
        ("[reading]\ntimezone = 'Europe/Berln'", "reading.timezone: is no time zone of the IANA"),
        ("[reading]\ndates = 'eu'", "is none of iso, unix, unix_ms, unix_us, unix_ns, ticks"),
        ("[reading]\norigin = 2026-09-01T00:00:00", "reading.origin: has no time zone"),
        ("kind = 'record'", "kind: 'record' is none of records, pairs, allocations"),
        ("kind = 'pairs'\n" + MINIMAL, "say under [pairs]"),
        ("kind = 'allocations'\n" + MINIMAL, "ended_at is missing: until when"),
        (MINIMAL + "ended_at = 'b'", "grain is missing: a line with ended_at stands for a time"),
        (MINIMAL + "gpus = 'b'", 'gpus is for kind = "allocations"'),
        (MINIMAL + "[constants]\nmodel = 'x'", "model is both a field and a constant"),
        (MINIMAL + "[constants]\nrequests = 'x'", "constants.requests: 'x' is no number"),
        (MINIMAL + "[words.status]\nA = 'ok'", "words.status: there is no such field"),
        (MINIMAL + "[scale]\nmodel = 2", "'model' is no number: it cannot be scaled"),
        (MINIMAL + "status = 'AT'", "fields.status: 'AT' and 'at' cannot be told apart"),
        (MINIMAL.replace('"in"', '{ instant = "in" }'), "makes an instant, not a text or a number"),
    ],
)
def test_a_mistake_in_a_mapping_is_named_with_its_key(mapping, said):
    with pytest.raises(SettingsInvalid) as error:
        mapped_format(mapping, "my.toml")
    assert "my.toml" in str(error.value)
    assert said in str(error.value)


README = """
kind = "records"
rank = "provider"
[fields]
started_at = { first_of = [
    "response.createTime",
    { instant = "logged_at", minus = "latency", unit = "ms" },
] }
model = { match = "models/([^/]+)$", of = "model" }
model_version = "response.candidates[0].version"
resource_id = { concat = ["cluster", "node"], with = "/" }
use_case = { file = '^([^/]+)/' }
tenant = { if_there = "labels.tenant" }
request_id = "id"
status = "state"
input_tokens = "response.usage.prompt"
output_tokens = { sum = ["response.usage.answer", "response.usage.thoughts"] }
gpu_ms = { product = ["gpus", "seconds"] }
reported_cost = { base64 = "payload", path = "usage.cost" }
[scale]
gpu_ms = 1000
[constants]
provider = "gcp"
[words.status]
SUCCEED = "ok"
QUOTA = "throttled"
[leave_out]
state = ["WARM-UP"]
[reading]
dates = "iso"
timezone = "Europe/Berlin"
"""


def test_everything_a_mapping_may_say_of_a_record_together(tmp_path):
    log = write_jsonl(
        tmp_path / "search/log.jsonl",
        [
            {
                "logged_at": "2026-09-05 12:15:02.5",
                "latency": 2_500.5,
                "model": "publishers/us/models/rank",
                "response": {
                    "candidates": [{"version": "v7"}, {"version": "v8"}],
                    "usage": {"prompt": 12, "answer": "30", "thoughts": 5},
                },
                "cluster": "eu",
                "node": "n1",
                "labels": "none",
                "id": "1",
                "state": "SUCCEED",
                "gpus": 2,
                "seconds": 0.25,
                "payload": b64encode(b'{"usage": {"cost": 0.0123}}').decode(),
            },
            {"state": "WARM-UP"},
        ],
    )
    read = read_mapped(tmp_path, README, log)
    assert read.fates() == {"search/log.jsonl": (2, 1, 0, 1, 0)}
    assert started(read) == datetime(2026, 9, 5, 10, 14, 59, 999500)
    [row] = read.usage.to_dicts()
    names = ("provider", "model", "model_version", "resource_id", "use_case", "tenant", "status")
    assert [row[name] for name in names] == ["gcp", "rank", "v7", "eu/n1", "search", "", "ok"]
    assert (row["input_tokens"], row["output_tokens"]) == (12, 35)
    assert (row["gpu_microseconds"], str(row["reported_cost"])) == (500_000, "0.012300000000000000")
