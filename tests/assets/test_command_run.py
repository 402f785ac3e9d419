"""Runs of the golden month as a person starts them: outcomes, exit codes, streams, two at once."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import boto3
import pytest
from golden_project import GOLDEN, MONTH, PublishedOnce, deliver, golden_bill, write_golden
from moto.server import DomainDispatcherApplication, create_backend_app
from test_command import ask, clean_environment, process
from werkzeug.serving import make_server


@pytest.fixture
def published(golden_settings: Path) -> Path:
    """A project whose golden month is published; it is only read."""
    return golden_settings


def within(*arguments: str, cwd: Path) -> CompletedProcess[str]:
    """The command within this process, whose libraries are loaded already."""
    assert str(cwd) in " ".join(arguments)
    result = ask(*arguments)
    return CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def shown(settings: Path, *arguments: str) -> dict[str, Any]:
    result = ask(*arguments, "--json", "--settings", str(settings))
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_month_that_did_not_change_is_left_as_it_is(golden_once: PublishedOnce, tmp_path: Path):
    settings = golden_once.copy(tmp_path / "shop").file
    arguments = ("run", "--month", MONTH, "--settings", str(settings))
    ask(*arguments)  # by the clock of this machine the month may not be over yet
    before = shown(settings, "months")
    again = process(*arguments, cwd=settings.parent)
    assert (again.returncode, again.stderr) == (0, "")
    assert "unchanged" in again.stdout
    assert shown(settings, "months") == before


def test_a_dry_run_says_what_there_is_and_publishes_nothing(tmp_path: Path):
    settings = write_golden(tmp_path)
    result = ask("run", "--month", MONTH, "--dry-run", "--settings", str(settings))
    assert result.exit_code == 0
    assert "bill aws: 2 files" in result.stdout
    assert f"{MONTH} is not published" in result.stdout
    assert not (tmp_path / "lake").exists()


def test_a_restated_bill_is_a_second_publication(golden_once: PublishedOnce, tmp_path: Path):
    settings = golden_once.copy(tmp_path / "shop").file
    deliver(settings.parent, golden_bill(**{",10.00,": ",12.00,"}), "assembly-2")
    assert ask("run", "--month", MONTH, "--settings", str(settings)).exit_code == 0
    [month] = shown(settings, "months")["months"]
    assert (month["publications"], month["billed_cost"]) == (2, "33.15")


@pytest.mark.parametrize(
    ("start", "prepare", "said"),
    [
        (process, lambda folder: write_golden(folder, golden_bill(**{",2.50,": ",two,"})), "two"),
        (
            within,
            lambda folder: write_golden(folder, golden_bill(**{",-1.00,": ",-0.99,"})),
            "net to zero",
        ),
        (within, lambda folder: _without(write_golden(folder), "golden-Manifest.json"), "anifest"),
        (within, lambda folder: _cut(write_golden(folder)), "golden-00001.csv.gz"),
    ],
    ids=["money that is none", "a plan that does not net", "no manifest", "a cut file"],
)
def test_a_bill_that_cannot_be_used_ends_with_3(
    start: Callable[..., CompletedProcess[str]],
    prepare: Callable[[Path], Path],
    said: str,
    tmp_path: Path,
):
    settings = prepare(tmp_path)
    done = start("run", "--month", MONTH, "--settings", str(settings), cwd=tmp_path)
    assert done.returncode == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert ask("show", "--month", MONTH, "--settings", str(settings)).exit_code == 6


def _without(settings: Path, name: str) -> Path:
    for file in settings.parent.rglob(name):
        file.unlink()
    return settings


def _cut(settings: Path) -> Path:
    [file] = settings.parent.rglob("*.csv.gz")
    file.write_bytes(file.read_bytes()[:-20])
    return settings


def test_a_month_before_the_first_one_ends_with_3(tmp_path: Path):
    result = ask("run", "--month", "2026-08", "--settings", str(write_golden(tmp_path)))
    assert result.exit_code == 3
    assert "first_month" in result.stderr


def test_a_source_that_cannot_be_read_ends_with_8_and_the_others_are_published(tmp_path: Path):
    settings = write_golden(tmp_path)
    write_golden(tmp_path / "broken", golden_bill(**{",2.50,": ",two,"}))
    second = '\n[[bills]]\nname = "other"\npath = "broken/bills"\n'
    settings.write_text(settings.read_text() + second)
    done = within("run", "--month", MONTH, "--settings", str(settings), cwd=tmp_path)
    assert done.returncode == 8
    assert "missing: other" in done.stdout
    review = shown(settings, "show", "--month", MONTH)
    assert (review["missing_sources"], review["status"]) == (["other"], "provisional")


def test_a_backfill_publishes_what_it_can_and_ends_as_the_first_failure(tmp_path: Path):
    settings = write_golden(tmp_path)
    done = within(
        "backfill", "--from", MONTH, "--to", "2026-10", "--settings", str(settings), cwd=tmp_path
    )
    assert done.returncode == 3
    assert f"{MONTH}: published" in done.stdout
    assert "2026-10" in done.stderr


class Gate:
    """Holds the first request for a path until as many processes as expected have asked for it."""

    def __init__(self, app: Any, ends_with: str, parties: int) -> None:
        self.app, self.ends_with = app, ends_with
        self.barrier = threading.Barrier(parties)

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        is_reading = environ["REQUEST_METHOD"] == "GET"
        if is_reading and environ["PATH_INFO"].endswith(self.ends_with):
            with contextlib.suppress(threading.BrokenBarrierError):
                self.barrier.wait(timeout=60)
        return self.app(environ, start)


@dataclass
class Store:
    """An S3 store that hands out a manifest only when two processes wait for it."""

    url: str
    gate: Gate


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    gate = Gate(DomainDispatcherApplication(create_backend_app), "Manifest.json", parties=2)
    server = make_server("127.0.0.1", 0, gate, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Store(f"http://127.0.0.1:{server.server_port}", gate)
    gate.barrier.abort()
    server.shutdown()
    thread.join()
    server.server_close()


def write_golden_to(store: Store, folder: Path) -> Path:
    """The golden project with its bill in the store."""
    settings = write_golden(folder)
    client = boto3.client("s3", endpoint_url=store.url, region_name="us-east-1")
    client.create_bucket(Bucket="billing")
    for file in (folder / "bills").rglob("*.*"):
        key = f"exports/{file.relative_to(folder).as_posix()}"
        text = file.read_bytes().replace(b'"bills/', b'"exports/bills/')
        client.put_object(Bucket="billing", Key=key, Body=text)
    settings.write_text(
        settings.read_text().replace(
            'path = "bills"',
            f'path = "s3://billing/exports/bills"\nstorage = {{ endpoint_url = "{store.url}" }}',
        )
    )
    return settings


def test_of_two_runs_of_one_month_at_once_one_publishes_and_the_other_ends_with_5(
    tmp_path: Path, store: Store
):
    settings = write_golden_to(store, tmp_path)
    done: list[Any] = []
    runs = [
        threading.Thread(
            target=lambda: done.append(
                process("run", "--month", MONTH, "--settings", str(settings), cwd=tmp_path)
            )
        )
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    first, second = sorted(done, key=lambda one: one.returncode)
    assert (first.returncode, second.returncode) == (0, 5), (first.stderr, second.stderr)
    assert (first.stderr, second.stdout) == ("", "")
    assert first.stdout.startswith("2026-09: published (")
    assert "another run published this month" in second.stderr
    assert shown(settings, "months")["months"][0]["publications"] == 1


def test_an_interrupted_run_ends_with_130_and_publishes_nothing(tmp_path: Path, store: Store):
    settings = write_golden_to(store, tmp_path)
    run = subprocess.Popen(
        [sys.executable, "-m", "assets.command", "run", "-m", MONTH, "-s", str(settings)],
        cwd=tmp_path,
        env=clean_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not store.gate.barrier.n_waiting and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    time.sleep(0.5)
    store.gate.barrier.abort()
    _, stderr = run.communicate(timeout=60)
    assert run.returncode == 130, stderr
    assert stderr == "Interrupted. A month that was not published yet is as it was.\n"
    assert ask("show", "--month", MONTH, "--settings", str(settings)).exit_code == 6


def test_amounts_of_json_are_text_with_all_digits(published: Path):
    rows = shown(published, "show", "--month", MONTH)["spend"]
    [version_2] = [r for r in rows if (r["model"], r["model_version"]) == ("rank", "2")]
    assert version_2["inference"] == "0.858333333333333333"


def test_json_and_csv_carry_the_same_rows(published: Path):
    rows = shown(published, "show", "--month", MONTH)["spend"]
    settings = ["--settings", str(published)]
    lines = ask("show", "--month", MONTH, "--csv", *settings).stdout.splitlines()
    assert lines[0].split(",") == list(rows[0])
    assert len(lines) == len(rows) + 1
    assert lines[-1].endswith(",31.25")


def test_the_table_of_a_csv_can_be_chosen(published: Path):
    settings = ["--settings", str(published)]
    table = ask("show", "--month", MONTH, "--csv", "--table", "reconciliation", *settings).stdout
    assert table.splitlines()[0] == "level,source,currency,basis,export_total,attributed_total," + (
        "difference"
    )
    wrong = ask("show", "--month", MONTH, "--csv", "--table", "spent", *settings)
    assert wrong.exit_code == 2
    assert "reconciliation" in wrong.stderr


@pytest.mark.parametrize("by", ["model", "owner", "day", "source"])
@pytest.mark.parametrize(
    ("basis", "total"),
    [("billed", "31.15"), ("effective", "31.25"), ("contracted", "31.65"), ("list", "31.65")],
)
def test_every_view_ends_in_the_same_total(by: str, basis: str, total: str, published: Path):
    review = shown(published, "show", "--month", MONTH, "--by", by, "--basis", basis)
    assert review["spend"][-1]["level"] == "total"
    assert review["spend"][-1]["total"] == total


PIPED = (
    ("months",),
    ("show", "--month", MONTH),
    ("show", "--month", MONTH, "--by", "owner"),
    ("show", "--from", MONTH, "--to", MONTH),
    ("explain", "--month", MONTH, "--model", "rank"),
    ("explain", "--month", MONTH, "--bucket", "idle"),
)
ONE_AFTER_THE_OTHER = """
import json, sys
from assets.command import main
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as ended:
        print("ended with", ended.code or 0, end="\\f")
"""


@pytest.mark.parametrize("columns", ["80", "120"])
def test_what_is_piped_fits_and_carries_no_colour(columns: str, published: Path):
    commands = json.dumps([[*words, "--settings", str(published)] for words in PIPED])
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER, commands],
        env=clean_environment() | {"COLUMNS": columns, "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    pages = done.stdout.split("\f")[:-1]
    for words, page in zip(PIPED, pages, strict=True):
        *lines, end = page.splitlines()
        assert (words, end) == (words, "ended with 0")
        assert (words, max(map(len, lines)) <= int(columns)) == (words, True)


def test_a_figure_is_walked_down_to_file_and_line(published: Path):
    walk = shown(published, "explain", "--month", MONTH, "--model", "rank", "--version", "2")
    assert sum(row["charges"] for row in walk["figure"] if row["level"] == "line") == 4
    update = next(row for row in walk["lines"] if row["amount"] == "10")
    lines = (GOLDEN / "bill.csv").read_text().splitlines()
    assert "training-job/rank-v2," in lines[update["line"] - 1]
    assert update["file"].endswith("golden-00001.csv.gz")
    assert {row["model_version"] for row in walk["hours"]} == {"1", "2"}


def test_a_charge_is_walked_up_to_all_its_parts(published: Path):
    walk = shown(published, "explain", "--month", MONTH, "--bucket", "idle")
    charge = next(r for r in walk["lines"] if r["amount"] == "0.666666666666666667")
    parts = shown(published, "explain", "--month", MONTH, "--charge", charge["charge_id"])["parts"]
    assert [(r["bucket"], r["model_version"], r["effective_cost"]) for r in parts] == [
        ("idle", "", "0.666666666666666667"),
        ("model_version", "1", "1"),
        ("model_version", "2", "0.333333333333333333"),
        ("total", None, "2"),
    ]


def test_a_figure_nobody_has_ends_with_2_and_says_so(published: Path):
    result = ask("explain", "--month", MONTH, "--model", "x", "--settings", str(published))
    assert result.exit_code == 2
    assert "nothing of the published month 2026-09 is: x" in result.stderr


def test_a_month_that_is_not_published_ends_with_6(published: Path):
    for arguments in (["show", "--month", "2026-08"], ["explain", "--month", "2026-08"]):
        result = ask(*arguments, "--settings", str(published))
        assert result.exit_code == 6
        assert "Published months: 2026-09." in result.stderr
