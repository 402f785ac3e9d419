"""What logs call a model: whole or below a `/`, in any case, and what it meant in the hour."""

from datetime import datetime
from pathlib import Path

import pytest
from attribution_builders import attribute, charge, deployed, models, use

from pipelines.errors import SettingsInvalid
from pipelines.registry.catalogue import EVER, FOREVER, parse_catalogue
from pipelines.registry.log_names import LogNames

CATALOGUE = """
[[models]]
name = "rank"
aliases = ["search ranker"]
versions = [
    { version = "v1", aliases = ["rank-prod"], artefact = "s3://weights/rank/v1" },
    { version = "v10", workloads = ["rec/rank-v10-*"], artefact = "s3://weights/rank/v10/" },
]
[[models]]
name = "chat"
versions = [{ version = "c1" }]
"""


def served(
    name: str, version: str, start: str, until: str | None = None, model: str = "rank"
) -> str:
    """A deployment that logs know by a name."""
    end = f"until = {until}\n" if until else ""
    return (
        f'[[deployments]]\nmodel = "{model}"\nversion = "{version}"\nnames = ["{name}"]\n'
        f"from = {start}\n{end}"
    )


def meanings(extra: str, model: str, version: str = "") -> list[tuple[str, str, bool]]:
    """What a name means, in the order of time."""
    found = LogNames(parse_catalogue(CATALOGUE + extra)).spans(model, version)
    return [(n.resolved.model, n.resolved.version, n.resolved.is_known) for n in found]


@pytest.mark.parametrize(
    ("model", "version", "found"),
    [
        ("rank/v1", "", "v1"),
        ("rank/v10", "", "v10"),
        ("Search Ranker:V10", "", "v10"),
        ("rank@v1", "", "v1"),
        ("RANK-PROD", "", "v1"),
        ("rec/rank-v10-7c9f", "", "v10"),
        ("s3://weights/rank/v1", "", "v1"),
        ("s3://weights/rank/v1/model.onnx", "", "v1"),
        ("s3://Weights/rank/v10", "", "v10"),
        ("s3://weights/rank/v10/", "", "v10"),
        ("rank", "", ""),
        ("rank", "v1", "v1"),
    ],
)
def test_a_name_is_met_whole_or_above_a_slash_and_in_any_case(
    model: str, version: str, found: str
) -> None:
    assert meanings("", model, version) == [("rank", found, True)]


@pytest.mark.parametrize("model", ["rank/v1x", "s3://weights/rank/v100", "rec/rank-v1-7c"])
def test_a_name_that_only_begins_alike_is_another(model: str) -> None:
    assert meanings("", model) == [(model, "", False)]


def test_a_served_name_means_what_was_live_in_the_hour() -> None:
    switch = "2026-09-10T10:00:00Z"
    extra = served("Search/Blue", "v1", "2026-09-01", switch) + served("search/blue", "v10", switch)
    found = LogNames(parse_catalogue(CATALOGUE + extra)).spans("SEARCH/blue", "")
    assert [(n.resolved.version, n.from_, n.until) for n in found] == [
        ("", EVER, datetime(2026, 9, 1)),
        ("v1", datetime(2026, 9, 1), datetime(2026, 9, 10, 10)),
        ("v10", datetime(2026, 9, 10, 10), FOREVER),
    ]


def test_an_hour_with_two_versions_under_one_name_is_the_models() -> None:
    extra = served("blue", "v1", "2026-09-01", "2026-09-10T10:20:00Z") + served(
        "blue", "v10", "2026-09-10T10:20:00Z"
    )
    found = LogNames(parse_catalogue(CATALOGUE + extra)).spans("blue", "")
    assert [(n.resolved.version, n.from_) for n in found][1:] == [
        ("v1", datetime(2026, 9, 1)),
        ("", datetime(2026, 9, 10, 10)),
        ("v10", datetime(2026, 9, 10, 11)),
    ]
    assert all(n.resolved.model == "rank" and n.resolved.is_known for n in found)


def test_an_endpoints_variant_is_below_it_and_the_nearer_name_decides() -> None:
    extra = served("search", "v1", "1970-01-01") + served("search/canary", "v10", "1970-01-01")
    assert meanings(extra, "search/main") == [("rank", "v1", True)]
    assert meanings(extra, "search/Canary") == [("rank", "v10", True)]
    assert meanings(extra, "search", "canary") == [("rank", "v10", True)]
    assert meanings(extra, "search-2") == [("search-2", "", False)]


def test_a_stage_is_of_the_model_that_is_named_beside_it() -> None:
    extra = served("rank@champion", "v10", "1970-01-01")
    extra += served("chat@champion", "c1", "1970-01-01", model="chat")
    assert meanings(extra, "rank", "champion") == [("rank", "v10", True)]
    assert meanings(extra, "Chat", "Champion") == [("chat", "c1", True)]
    assert meanings(extra, "rank", "challenger") == [("rank", "challenger", False)]


def test_a_pattern_stands_behind_a_whole_name() -> None:
    extra = served("gpt-*", "v1", "1970-01-01") + served("gpt-rank", "v10", "1970-01-01")
    assert meanings(extra, "GPT-other") == [("rank", "v1", True)]
    assert meanings(extra, "gpt-rank") == [("rank", "v10", True)]
    assert meanings(extra, "rank-prod") == [("rank", "v1", True)], "an alias is no pattern's"


def test_one_name_of_two_models_at_once_is_a_mistake_of_the_file() -> None:
    ours = served("blue", "v1", "2026-09-01", "2026-09-10")
    theirs = served("Blue", "c1", "2026-09-09", model="chat")
    with pytest.raises(SettingsInvalid, match=r"name 'blue' means rank v1 .* and chat c1"):
        parse_catalogue(CATALOGUE + ours + theirs)
    parse_catalogue(CATALOGUE + ours + theirs.replace("09-09", "09-10"))


def test_a_name_that_was_seen_late_does_not_make_its_version_late(tmp_path: Path) -> None:
    """An alias is first seen when a registry is first asked; its version may have run for years."""
    catalogue = models("v1") + (
        '[[deployments]]\nmodel = "m"\nversion = "v1"\nnames = ["m@champion"]\n'
        "from = 2026-09-20T00:00:00Z\n"
    )
    ledger = attribute(tmp_path, [charge("a")], catalogue, usage=[use("v1")])
    assert ledger.warnings == []


def test_names_without_a_version_and_requests_before_it_existed_are_told_with_counts(
    tmp_path: Path,
) -> None:
    catalogue = models("v1", "v2").replace(
        'version = "v2"', 'version = "v2"\nreleased = 2026-09-01T02:00:00Z'
    )
    catalogue += deployed("v1", until=2) + deployed("v2", start=2)
    catalogue += (
        '[[deployments]]\nmodel = "m"\nversion = "v2"\nnames = ["blue"]\n'
        "from = 2026-09-01T02:00:00Z\n"
    )
    lines = [charge("old", "6"), charge("new", "6", hour=2)]
    used = [
        use("", 0, model="blue", requests=4, gpu=3600),
        use("v2", 1, requests=3, gpu=3600),
        use("", 2, model="Blue", requests=5, gpu=3600),
    ]
    ledger = attribute(tmp_path, lines, catalogue, usage=used)
    assert ledger.of("old", "model_version") == {("v1",): 6}, "the resource tells the version"
    assert ledger.of("new", "model_version") == {("v2",): 6}
    assert ledger.warnings == [
        "log name 'blue' means no one version of m in 4 requests in the hour 2026-09-01 00:00: "
        "several were live under it, or none is known. They are the model's, unless their "
        "resource tells the version",
        "log has 3 requests for m v2 in the hour 2026-09-01 01:00, before it was released at "
        "2026-09-01 02:00: look at the log's clock and the catalogue. They are kept as named",
    ]
