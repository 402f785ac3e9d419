"""What needs no run: help, wrong usage, settings, an empty lake, and a clean terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assets import command
from assets.command import app
from pipelines.registry.catalogue import parse_catalogue
from pipelines.settings import parse_settings

COMMANDS = (
    *("demo", "init", "inspect", "run", "backfill", "close", "months", "show", "explain"),
    *(
        "export",
        "upgrade",
        "compare",
        "lifetime",
        "formula",
        "predict",
        "calibrate",
        "units",
        "usage",
    ),
)
ROOT = Path(__file__).resolve().parents[2]


def ask(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def clean_environment() -> dict[str, str]:
    """The environment without settings of modelspend and Dagster, and with this checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MODELSPEND", "DAGSTER"))}
    return kept | {"PYTHONPATH": str(ROOT)}


def process(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, as a shell would start it."""
    return subprocess.run(
        [sys.executable, "-m", "assets.command", *arguments],
        cwd=cwd,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str):
    result = ask(command, "--help")
    assert result.exit_code == 0
    assert f"modelspend {command}" in result.stdout


def test_errors_that_name_each_other_as_their_cause_end_the_process_as_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def faulty() -> None:
        first, second = RuntimeError("a column is too wide"), ValueError("beside")
        first.__context__, second.__context__ = second, first
        raise first

    monkeypatch.setattr(command, "app", faulty)
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    assert "RuntimeError: a column is too wide" in capsys.readouterr().err


def test_the_help_lists_every_exit_code():
    stdout = ask("--help").stdout
    listed = [line.split()[0] for line in stdout.split("Exit codes:")[1].splitlines()[1:] if line]
    assert listed == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "130"]


def test_help_imports_no_heavy_library(tmp_path: Path):
    script = (
        "import sys, assets.command as c\n"
        "heavy = {'dagster', 'polars', 'duckdb', 'deltalake', 'boto3', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "--month"),
        (["run", "--month", "2026-13"], "YYYY-MM"),
        (["run", "--month", "september"], "YYYY-MM"),
        (["backfill", "--from", "2026-09", "--to", "2026-08"], "lies before"),
        (["show"], "--month, or both"),
        (["show", "--month", "2026-09", "--from", "2026-08"], "--month, or both"),
        (["show", "--from", "2026-08"], "--month, or both"),
        (["show", "--from", "2026-08", "--to", "2026-09", "--by", "day"], "shows one month"),
        (["show", "--from", "2026-08", "--to", "2026-09", "--changes"], "shows one month"),
        (["show", "--month", "2026-09", "--basis", "blended"], "blended"),
        (["compare"], "--month, or both"),
        (["compare", "--from", "2026-09", "--to", "2026-08"], "lies before"),
        (["compare", "--month", "2026-09", "--full-plan", "--by", "owner"], "--full-plan is of"),
        (["compare", "--month", "2026-09", "--table", "spend"], "comparison, variances"),
        (["lifetime", "--table", "spend"], "lifetime_months"),
        (["close"], "--month"),
        (["explain", "--month", "2026-09", "--version", "8"], "--model"),
        (["explain", "--month", "2026-09", "--bucket", "lost"], "unattributed"),
        (["explain", "--month", "2026-09", "--day", "yesterday"], "YYYY-MM-DD"),
        (["invent"], "No such command"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_right(arguments: list[str], said: str):
    result = ask(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_without_settings_every_reader_ends_with_3_and_names_the_file(tmp_path: Path):
    missing = tmp_path / "none.toml"
    for arguments in (["months"], ["show", "--month", "2026-09"], ["run", "--month", "2026-09"]):
        result = ask(*arguments, "--settings", str(missing))
        assert result.exit_code == 3
        assert str(missing) in result.stderr


def test_a_wrong_key_is_named_with_its_place(tmp_path: Path):
    (tmp_path / "modelspend.toml").write_text('[[bills]]\nname = "aws"\npaht = "x"\n')
    result = ask("months", "--settings", str(tmp_path / "modelspend.toml"))
    assert result.exit_code == 3
    assert "bills.0.paht" in result.stderr


def test_init_writes_files_that_can_be_read_and_never_overwrites_them(tmp_path: Path):
    assert ask("init", "--folder", str(tmp_path)).exit_code == 0
    settings = (tmp_path / "modelspend.toml").read_text()
    parse_settings(settings)
    parse_catalogue((tmp_path / "catalogue.toml").read_text())
    (tmp_path / "catalogue.toml").unlink()
    again = ask("init", "--folder", str(tmp_path))
    assert again.exit_code == 3
    assert "was not overwritten" in again.stderr
    assert not (tmp_path / "catalogue.toml").exists()
    assert (tmp_path / "modelspend.toml").read_text() == settings


def test_a_demo_does_not_write_into_a_folder_with_something_in_it(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    assert ask("demo", "--folder", str(tmp_path)).exit_code == 3
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_lake_has_no_months_and_says_how_to_get_one(tmp_path: Path):
    ask("init", "--folder", str(tmp_path))
    settings = ["--settings", str(tmp_path / "modelspend.toml")]
    assert "(nothing)" in ask("months", *settings).stdout
    result = ask("show", "--month", "2026-09", *settings)
    assert result.exit_code == 6
    assert "modelspend run --month 2026-09" in result.stderr


def test_a_store_that_does_not_answer_ends_with_7(tmp_path: Path):
    ask("init", "--folder", str(tmp_path))
    file = tmp_path / "modelspend.toml"
    file.write_text(
        file.read_text().replace(
            'path = "lake" ',
            'path = "s3://nowhere/lake"\nstorage = { endpoint_url = "http://127.0.0.1:9" } ',
        )
    )
    done = process(
        "months",
        cwd=tmp_path,
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",  # noqa: S106 -- no real secret
        AWS_MAX_ATTEMPTS="1",
    )
    assert done.returncode == 7
    assert "Traceback" not in done.stderr


def test_a_traceback_is_shown_only_on_request(tmp_path: Path):
    quiet = process("months", cwd=tmp_path)
    loud = process("--debug", "months", cwd=tmp_path)
    assert (quiet.returncode, "Traceback" in quiet.stderr) == (3, False)
    assert "Traceback" in loud.stderr


def test_the_reader_of_a_pipe_may_leave_early(tmp_path: Path):
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m assets.command --help | head -1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
