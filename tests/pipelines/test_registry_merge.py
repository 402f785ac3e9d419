"""The catalogue file and registries as one: the file wins, differences name both places."""

from datetime import UTC, datetime

import pytest

from pipelines.registry.catalogue import (
    FOREVER,
    Artefact,
    Catalogue,
    Deployment,
    Model,
    Owner,
    Run,
    Version,
    parse_catalogue,
)
from pipelines.registry.facts import Facts, history
from pipelines.registry.links import run_component, run_version
from pipelines.registry.merge import Merged, merge

GPU = "arn:aws:sagemaker:eu-west-1:1:endpoint/Search"
JOB = "arn:aws:sagemaker:eu-west-1:1:training-job/rank-7"

FILE = """
[[models]]
name = "rank"
aliases = ["search ranker"]
versions = [{ version = "v6", aliases = ["rank-old"] }, { version = "v7" }]
"""


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 9, number, hour, tzinfo=UTC)


def version(name: str, released: int | None = None, **more: object) -> Version:
    return Version.model_validate(
        {"version": name, "released": day(released) if released else None, **more}
    )


def deployed(name: str, start: int, until: int | None = None, **more: object) -> Deployment:
    where = {} if "names" in more else {"resources": [GPU]}
    end = {"until": day(until)} if until else {}
    return Deployment.model_validate(
        {"model": "rank", "version": name, "from": day(start), **where, **end, **more}
    )


def run(run_id: str, name: str | None = "v7", **more: object) -> Run:
    return Run.model_validate(
        {"id": run_id, "model": "rank", "version": name, "resources": [JOB], **more}
    )


def facts(*versions: Version, model: str = "rank", name: str = "prod", **more: object) -> Facts:
    return Facts(name, models=[Model(name=model, versions=list(versions))], **more)


def merged(*found: Facts, file: str = FILE) -> Merged:
    return merge(parse_catalogue(file), found)


def spans(catalogue: Catalogue) -> list[tuple[str, int, int, str]]:
    """Version, first day, day after the last (0: still) and registry of every deployment."""
    return [
        (d.version, d.from_.day, d.until.day if d.until.year < 9999 else 0, d.registry)
        for d in catalogue.deployments
    ]


def versions_of(found: Merged) -> dict[str, Version]:
    return {v.version: v for model in found.catalogue.models for v in model.versions}


def test_without_registries_the_catalogue_is_the_file() -> None:
    catalogue = parse_catalogue(FILE)
    assert merge(catalogue, []) == Merged(catalogue, [])


def test_a_registry_fills_what_the_file_leaves_open_and_adds_what_it_lacks() -> None:
    new = Model(name="chat", versions=[version("1", 3)])
    found = merge(
        parse_catalogue(FILE),
        [
            Facts("prod", models=[
                Model(name="Search Ranker", versions=[
                    version("v7", 5, parameters=7, artefact="s3://w/7", aliases=["models:/rank/7"]),
                    version("v8", 9),
                ]),
                new,
            ])
        ],
    )  # fmt: skip
    assert [model.name for model in found.catalogue.models] == ["rank", "chat"]
    assert list(versions_of(found)) == ["v6", "v7", "v8", "1"]
    seventh = versions_of(found)["v7"]
    assert (seventh.parameters, seventh.artefact) == (7, "s3://w/7")
    assert (seventh.released, seventh.aliases) == (datetime(2026, 9, 5), ["models:/rank/7"])
    assert [v.registry for v in versions_of(found).values()] == ["", "prod", "prod", "prod"]
    assert found.conflicts == []


def test_where_the_file_speaks_it_wins_and_both_places_are_named() -> None:
    file = FILE.replace(
        '{ version = "v7" }',
        '{ version = "v7", predecessor = "v6", base_model = "bert", parameters = 7 }, '
        '{ version = "v8" }',
    )
    found = merged(
        facts(
            version("v8"),
            version("v7", predecessor="v8", base_model="qwen", parameters=7, aliases=["rank-old"]),
        ),
        file=file,
    )
    assert versions_of(found)["v7"].predecessor == "v6"
    assert versions_of(found)["v7"].base_model == "bert"
    assert found.conflicts == [
        "base_model of rank v7: the catalogue file says bert, registry 'prod' says qwen: the "
        "former is taken",
        "registry 'prod' calls rank v7 'rank-old', which is rank v6's elsewhere: left out",
        "predecessor of rank v7: the catalogue file says v6, registry 'prod' says v8: the former "
        "is taken",
    ]


@pytest.mark.parametrize("spelled", ["7", "V7", "version 7", "v_7"])
def test_a_version_under_another_spelling_is_the_files_and_said(spelled: str) -> None:
    found = merged(facts(version(spelled, parameters=7)))
    assert list(versions_of(found)) == ["v6", "v7"]
    assert versions_of(found)["v7"].parameters == 7
    if spelled.lower() == "v7":
        assert found.conflicts == []
    else:
        [said] = found.conflicts
        assert said.startswith("the catalogue file has version 'rank v7', registry 'prod'")
        assert f"'{spelled}'" in said


def test_an_alias_says_that_two_versions_are_one() -> None:
    file = FILE.replace('{ version = "v7" }', '{ version = "september", aliases = ["7"] }')
    found = merged(facts(version("7", parameters=7)), file=file)
    assert versions_of(found)["september"].parameters == 7
    assert found.conflicts == []


def test_a_registry_s_own_versions_are_as_many_as_it_says() -> None:
    found = merged(facts(version("7"), version("v7"), version("1.0"), version("1-0")), file="")
    assert list(versions_of(found)) == ["7", "v7", "1.0", "1-0"]
    assert found.conflicts == []


def test_the_file_s_deployment_of_a_version_is_the_deployment() -> None:
    file = (
        FILE
        + f'[[deployments]]\nmodel = "rank"\nversion = "v6"\nresources = ["{GPU}"]\n'
        + ("from = 2026-09-01\nuntil = 2026-09-10\n")
    )
    same = deployed("v6", 1, 10)
    other_case = deployed("v6", 1, 12, resources=["endpoint/search"])
    assert merged(facts(deployments=[same]), file=file).conflicts == []
    found = merged(facts(deployments=[other_case]), file=file)
    assert spans(found.catalogue) == [("v6", 1, 10, "")]
    assert found.conflicts == [
        "deployment on endpoint/search: the catalogue file says rank v6 from 2026-09-01 00:00 "
        "until 2026-09-10 00:00, registry 'prod' the same from 2026-09-01 00:00 until "
        "2026-09-12 00:00: the former is taken"
    ]


def test_an_endpoint_is_one_whether_it_is_spelled_in_full_or_by_its_last_part() -> None:
    file = FILE + '[[deployments]]\nmodel = "rank"\nversion = "v6"\nresources = ["SEARCH"]\n'
    found = merged(facts(deployments=[deployed("v7", 1)]), file=file)
    assert [(d.version, d.registry) for d in found.catalogue.deployments] == [("v6", "")]
    assert found.conflicts[0].startswith("deployment on endpoint/search: the catalogue file says")


def test_another_version_holds_only_where_the_file_is_silent() -> None:
    file = (
        FILE
        + f'[[deployments]]\nmodel = "rank"\nversion = "v6"\nresources = ["{GPU}"]\n'
        + ("from = 2026-09-05\nuntil = 2026-09-10\n")
    )
    found = merged(facts(deployments=[deployed("v7", 1, 20, id="d1")]), file=file)
    assert spans(found.catalogue) == [
        ("v6", 5, 10, ""),
        ("v7", 1, 5, "prod"),
        ("v7", 10, 20, "prod"),
    ]
    [said] = found.conflicts
    assert "the catalogue file says rank v6" in said
    assert "registry 'prod' rank v7 from 2026-09-01 00:00 until 2026-09-20 00:00" in said
    assert [d.id for d in found.catalogue.deployments] == [None, "d1", None]


def test_two_versions_of_one_registry_share_an_endpoint_one_twice_at_once_does_not() -> None:
    canary = facts(
        version("v6"),
        version("v7"),
        deployments=[deployed("v6", 1), deployed("v7", 8, 20), deployed("v7", 10, 25)],
    )
    found = merged(canary)
    assert spans(found.catalogue) == [
        ("v6", 1, 0, "prod"),
        ("v7", 8, 20, "prod"),
        ("v7", 20, 25, "prod"),
    ]
    [said] = found.conflicts
    assert said.startswith("deployment on endpoint/search: registry 'prod' says rank v7")


def test_of_two_registries_the_first_of_the_settings_is_taken() -> None:
    first = facts(version("v7", 5), deployments=[deployed("v7", 10)], name="first")
    second = facts(version("v6", 1), deployments=[deployed("v6", 1)], name="second")
    assert spans(merged(first, second).catalogue) == [
        ("v7", 10, 0, "first"),
        ("v6", 1, 10, "second"),
    ]
    assert len(merged(first, second).conflicts) == 1


def test_what_nobody_lists_is_left_out_and_said() -> None:
    found = merged(
        facts(
            version("v7", predecessor="v0"),
            deployments=[deployed("v9", 1), deployed("v7", 1, replaces="v0")],
            runs=[run("r1", "v9"), run("r2", model="ghost")],
            artefacts=[Artefact(location="s3://w/ghost", model="ghost")],
        )
    )
    assert spans(found.catalogue) == [("v7", 1, 0, "prod")]
    assert [(r.id, run_version(r)) for r in found.catalogue.runs] == [("r1", "(experiments)")]
    assert found.catalogue.artefacts == []
    assert len(found.conflicts) == 5
    assert all("registry 'prod'" in said for said in found.conflicts)


def test_a_registry_that_cannot_be_is_left_out_as_a_whole_and_the_month_goes_on() -> None:
    owners = [Owner(owner="x"), Owner(owner="y")]
    odd = Facts("odd", models=[Model(name="odd", owners=owners)])
    found = merged(odd, facts(version("v8"), name="fine"))
    assert [model.name for model in found.catalogue.models] == ["rank"]
    assert "v8" in versions_of(found)
    [said] = found.conflicts
    assert said.startswith("registry 'odd' was left out as a whole: ")
    assert "two owners at once" in said


def test_what_is_one_model_s_is_not_another_s() -> None:
    ours = Model(name="a", aliases=["rank-old"], services=["Bedrock"], usage_types=["Nova"])
    theirs = Model(name="b", services=["bedrock"], usage_types=["nova"], aliases=["rank"])
    found = merged(Facts("first", models=[ours]), Facts("second", models=[theirs]))
    [rank, first] = found.catalogue.models
    assert (rank.services, first.services, first.aliases) == ([], ["Bedrock"], [])
    assert found.conflicts == [
        "registry 'first' calls a 'rank-old', which is rank v6's elsewhere: left out",
        "registry 'second' calls rank 'nova', which is a's elsewhere: left out",
        "registry 'second' calls rank 'bedrock', which is a's elsewhere: left out",
    ]


def test_a_dated_name_is_not_another_s_and_no_alias_of_the_file() -> None:
    file = (
        FILE
        + '[[models]]\nname = "chat"\nversions = [{ version = "1" }]\n'
        + ('[[deployments]]\nmodel = "chat"\nversion = "1"\nnames = ["blue"]\nfrom = 2026-09-10\n')
    )
    names = ["Blue", "rank-old", "rank@champion"]
    found = merged(facts(deployments=[deployed("v7", 1, names=names)]), file=file)
    told = {d.names[0]: d.until for d in found.catalogue.deployments if d.registry}
    assert told == {"Blue": datetime(2026, 9, 10), "rank@champion": FOREVER}
    assert [said.split(":")[0] for said in found.conflicts] == [
        "name 'blue'",
        "'rank-old' is rank v6 in the catalogue file, for registry 'prod' rank v7",
    ]


def test_one_job_of_a_tracker_and_of_the_service_is_one_run() -> None:
    tracker = facts(version("v7"), runs=[run("abc", **{"from": day(1)})], name="mlflow")
    billed = run("job-7", None, instances=4, billable_seconds=3600, instance_type="ml.p4d")
    service = facts(runs=[billed], name="sagemaker")
    for found in (merged(tracker, service), merged(service, tracker)):
        [only] = found.catalogue.runs
        assert (only.version, only.instances, only.billable_seconds) == ("v7", 4, 3600)
        assert found.conflicts == []


def test_the_file_s_class_of_a_run_is_the_run_s() -> None:
    file = FILE + (
        f'[[runs]]\nid = "abc"\nmodel = "rank"\nkind = "experiment"\nresources = ["{JOB}"]\n'
    )
    found = merged(facts(version("v7"), runs=[run("abc", billable_seconds=60)]), file=file)
    [only] = found.catalogue.runs
    assert (run_version(only), only.billable_seconds) == ("(experiments)", 60)
    assert found.conflicts == [
        "run abc: the catalogue file says completed experiment of rank without a version, "
        "registry 'prod' completed of rank v7: the former is taken"
    ]


def lineage(*found: Facts, file: str = "") -> dict[str, str | None]:
    return {name: v.predecessor for name, v in versions_of(merged(*found, file=file)).items()}


def test_versions_that_nobody_deploys_succeed_each_other_as_released() -> None:
    assert lineage(facts(version("2", 5), version("1", 1), version("3", 9))) == {
        "2": "1",
        "1": None,
        "3": "2",
    }
    assert lineage(facts(version("1", 1, retired=day(4)), version("2", 5))) == {
        "1": None,
        "2": None,
    }


def test_a_version_succeeds_the_one_that_is_live_when_it_is_deployed() -> None:
    released = [version("1", 1), version("2", 2), version("3", 3), version("4", 20)]
    live = [deployed("2", 4, 10), deployed("3", 10)]
    found = lineage(facts(*released, deployments=live))
    assert found == {"1": None, "2": None, "3": "2", "4": "3"}


def test_what_was_live_when_a_registry_was_first_asked_succeeds_as_released() -> None:
    champion = deployed("2", 8, names=["rank@champion"])
    found = facts(version("1", 1), version("2", 2), deployments=[champion],
                  asked_since=datetime(2026, 9, 8))  # fmt: skip
    assert lineage(found) == {"1": None, "2": "1"}


def test_a_stated_predecessor_stays_and_an_empty_one_says_that_there_is_none() -> None:
    file = FILE.replace('{ version = "v7" }', '{ version = "v7", predecessor = "" }')
    assert lineage(facts(version("v6", 1), version("v7", 2), version("v8", 3)), file=file) == {
        "v6": None,
        "v7": "",
        "v8": "v7",
    }
    assert lineage(facts(version("v8", 3)), file=FILE)["v7"] is None, "the file's own words"


def test_training_update_and_experiments_follow_from_the_lineage() -> None:
    runs = [
        run("first", "1"),
        run("second", "2", resources=["training-job/b"]),
        run("declared", "1", kind="update", resources=["training-job/c"]),
        run("failed", "2", status="failed", resources=["training-job/d"]),
        run("sweep", None, resources=["training-job/e"]),
    ]
    found = merged(facts(version("1", 1), version("2", 2), runs=runs), file="").catalogue
    before = {("rank", v.version): v.predecessor for v in found.models[0].versions}
    assert {r.id: (run_component(r, before), run_version(r)) for r in found.runs} == {
        "first": ("training", "1"),
        "second": ("update", "2"),
        "declared": ("update", "1"),
        "failed": ("training", "(experiments)"),
        "sweep": ("training", "(experiments)"),
    }


def test_states_seen_one_after_the_other_are_spans() -> None:
    seen = [(day(1), {"a": 7}), (day(5), {"a": 8, "b": 1}), (day(9), {"b": 1})]
    found = [(h.key, h.value, h.from_.day, h.until.year, h.is_first_seen) for h in history(seen)]
    assert found == [
        ("a", 7, 1, 2026, True),
        ("a", 8, 5, 2026, False),
        ("b", 1, 5, 9999, False),
    ]


def test_a_second_registry_that_differs_from_the_first_names_the_first() -> None:
    first = facts(version("8", base_model="bert"), name="first")
    second = facts(version("v8", base_model="qwen"), name="second")
    assert merged(first, second).conflicts == [
        "registry 'first' has version 'rank 8', registry 'second' 'v8': taken as the same. State "
        "the latter in `aliases` of the former",
        "base_model of rank 8: registry 'first' says bert, registry 'second' says qwen: the "
        "former is taken",
    ]
