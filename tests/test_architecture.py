"""The boundaries that keep the project readable, held by a parser instead of by good will."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from pipelines.contracts import TABLES

ROOT = Path(__file__).resolve().parents[1]
PURE = sorted((ROOT / "pipelines").rglob("*.py"))
ASSETS = sorted((ROOT / "assets").rglob("*.py"))
QUERIES = sorted((ROOT / "sql").rglob("*.sql"))

FOREIGN_TO_PURE = {"dagster", "assets", "boto3", "botocore", "deltalake", "typer", "rich"}
NO_HOME_FOR_ANYTHING = {"utils", "helpers", "common", "misc"}


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imported(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@cache
def quoted_in(folder: Path, pattern: str) -> frozenset[str]:
    """Every text in quotes on one line of the files of a folder."""
    return frozenset(
        text
        for file in folder.rglob(pattern)
        for found in re.findall(
            r"""(?="([^"\n]*)")|(?='([^'\n]*)')""", file.read_text(encoding="utf-8")
        )
        for text in found
        if text
    )


def calls(file: Path) -> set[str]:
    """Every call of the file, as dotted text: `datetime.now`, `os.environ.get`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_there_is_something_to_hold():
    assert len(PURE) > 20
    assert len(ASSETS) > 10
    assert len(QUERIES) > 5


@pytest.mark.parametrize("file", PURE, ids=named)
def test_a_pure_module_knows_no_orchestrator_no_store_and_no_lake(file):
    assert not {name.split(".")[0] for name in imported(file)} & FOREIGN_TO_PURE


@pytest.mark.parametrize("file", PURE, ids=named)
def test_a_pure_module_reads_no_clock_and_no_environment(file):
    forbidden = re.compile(r"(^|\.)(now|today|utcnow|getenv|monotonic|perf_counter)$|^time\.time$")
    assert not [call for call in calls(file) if forbidden.search(call)]
    assert "os.environ" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", [*PURE, *ASSETS], ids=named)
def test_a_module_says_what_belongs_in_it(file):
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", [*PURE, *ASSETS], ids=named)
def test_no_module_is_a_home_for_anything(file):
    assert not set(file.with_suffix("").relative_to(ROOT).parts) & NO_HOME_FOR_ANYTHING


def test_only_the_queries_module_opens_sql_files():
    openers = [
        named(file)
        for file in [*PURE, *ASSETS]
        if re.search(r"""["'][^"']*\.sql["']""", file.read_text(encoding="utf-8"))
    ]
    assert openers == ["pipelines/queries.py", "assets/project.py"]  # the latter only hashes them


@pytest.mark.parametrize("file", QUERIES, ids=named)
def test_a_query_says_what_it_returns_and_at_which_grain(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    header = lines[: next(i for i, line in enumerate(lines) if not line.startswith("--"))]
    assert header[0].startswith("-- ")
    assert header[0].rstrip().endswith(".") or any(line.endswith(".") for line in header[:4])
    assert any(line.startswith("-- grain:") for line in header)
    assert any(line.startswith("-- params:") for line in header)


@pytest.mark.parametrize("file", QUERIES, ids=named)
def test_a_query_names_in_its_header_every_value_it_is_given(file):
    text = file.read_text(encoding="utf-8")
    header = "\n".join(line for line in text.splitlines() if line.startswith("--"))
    body = "\n".join(line.split("--")[0] for line in text.splitlines())
    used = set(re.findall(r"\$([a-z_]+)", body))
    assert used <= set(re.findall(r"\$([a-z_]+)", header))


@pytest.mark.parametrize("file", QUERIES, ids=named)
def test_a_query_is_used(file):
    name = file.relative_to(ROOT / "sql").with_suffix("").as_posix()
    assert {name, file.stem} & quoted_in(ROOT / "pipelines", "*.py")  # the stem: in a list of steps


@pytest.mark.parametrize("file", QUERIES, ids=named)
def test_a_query_has_a_test_of_its_own(file):
    name = file.relative_to(ROOT / "sql").with_suffix("").as_posix()
    assert name in quoted_in(ROOT / "tests" / "sql", "test_*.py")


def test_every_asset_is_a_contract_and_every_contract_an_asset():
    from assets.definitions import defs  # noqa: PLC0415 -- slow to import

    keys = {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()}
    assert {key for key in keys if not key.startswith("raw_")} == set(TABLES)
