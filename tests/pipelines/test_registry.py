"""The catalogue: mistakes are named, names resolved, links dated, tables keep their contracts."""

from datetime import datetime
from decimal import Decimal

import pytest
from attribution_builders import MONTH, at, deployed, instant, models

from pipelines.contracts import DEPLOYMENTS, MODEL_VERSIONS, PLANS, RUNS
from pipelines.errors import SettingsInvalid
from pipelines.registry.catalogue import EVER, FOREVER, parse_catalogue
from pipelines.registry.frames import registry_tables
from pipelines.registry.keys import resource_key
from pipelines.registry.links import (
    bucket_key,
    link_rows,
    owner_rows,
    resource_rows,
    rollout_rows,
    watched_runs,
)
from pipelines.registry.names import Names, Resolved
from pipelines.registry.patterns import matches

PLAN = (
    '[[plans]]\nplan = "p"\nas_of = 2026-08-01\nmodel = "m"\nversion = "v1"\n'
    'first_month = "2026-09"\nlast_month = "2026-12"\n'
    'lines = [{ component = "inference", element = "hardware", unit = "Hrs", price = 1.5 }]\n'
)
AMOUNT = (
    '[[plan_amounts]]\nplan = "p"\nas_of = 2026-08-01\nline = "credit"\namount = -5\n'
    'first_month = "2026-09"\nlast_month = "2026-12"\n'
)
OWNERS = (
    '[[models]]\nname = "m"\n'
    'owners = [{{ owner = "a", until = {} }}, {{ owner = "b", from = {} }}]\n'
)


def run(name: str = "r", version: str = "v1", rest: str = "", resources: str = '"x"') -> str:
    return (
        f'[[runs]]\nid = "{name}"\nmodel = "m"\nversion = "{version}"\n'
        f"resources = [{resources}]\nfrom = {instant(0)}\nuntil = {instant(5)}\n{rest}"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (models("v1") + deployed("v2"), "deployment of 'm': unknown version 'v2'"),
        (deployed("v1"), "deployment of unknown model 'm'"),
        (models("v1") + run(version="v9"), "run of 'm': unknown version 'v9'"),
        (
            models("v1") + deployed("v1", replaces="v0"),
            "replaced version 'm': unknown version 'v0'",
        ),
        (
            models("v1").replace('"v1"\n', '"v1"\npredecessor = "v0"\n'),
            "predecessor 'm': unknown version 'v0'",
        ),
        ('[[artefacts]]\nlocation = "b"\nmodel = "m"\n', "artefact of unknown model 'm'"),
        ('[[resources]]\nid = "b"\nmodel = "m"\n', "resource of unknown model 'm'"),
        (PLAN, "plan for unknown model 'm'"),
        (
            models("v1") + deployed("v1", 0, 5) + deployed("v1", 4.5),
            "m v1 is deployed twice at once on i-0gpu",
        ),
        (
            models("v1")
            + deployed("v1", resource="arn:aws:ec2:r:1:X/y")
            + deployed("v1", resource="x/Y"),
            "m v1 is deployed twice at once on x/y",
        ),
        (models("v1") + PLAN + PLAN, "plan line p m v1 inference hardware Hrs is given twice"),
        (
            models("v1") + PLAN.replace("2026-12", "2026-08"),
            "last_month is before first_month",
        ),
        (AMOUNT + AMOUNT, "plan line p credit is given twice for 2026-09"),
        (
            AMOUNT.replace("2026-12", "2026-08"),
            "plan 'p' of credit: last_month is before first_month",
        ),
        (OWNERS.format(instant(2), instant(1)), "model 'm' has two owners at once"),
        ('[[resources]]\nid = "X"\n[[resources]]\nid = "x"\n', "resource 'x' is listed twice"),
        (models("v1") + models("v1"), "model 'm' is listed twice"),
        (models("v1", "v1"), "version m 'v1' is listed twice"),
        (models("v1") + run() + run(), "run 'r' is listed twice"),
        (models("v1") + run(resources='"x", "X"'), "run 'r' lists resource 'x' twice"),
        (
            models("v1", model="a") + '[[models]]\nname = "b"\naliases = ["A"]\n',
            "name 'a' is claimed by a and by b",
        ),
        (
            '[[models]]\nname = "a"\nusage_types = ["Nova"]\n'
            '[[models]]\nname = "b"\nversions = [{ version = "1", usage_types = ["nova"] }]\n',
            "usage type 'nova' is claimed by a and by b 1",
        ),
        (
            '[[models]]\nname = "a"\nservices = ["S"]\n[[models]]\nname = "b"\nservices = ["s"]\n',
            "service 's' is claimed by a and by b",
        ),
        ('[[deployments]]\nmodel = "m"\n', "deployments.0.version: Field required"),
        ("[[modles]]\n", "modles: Extra inputs are not permitted"),
        (models("v1") + deployed("v1", 5, 5), "runs backwards"),
        ("not toml", "not TOML"),
    ],
)
def test_a_mistake_in_the_catalogue_is_named(text: str, problem: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        parse_catalogue(text)
    assert problem in str(refused.value)
    assert str(refused.value).startswith("catalogue.toml cannot be used:")


def test_deployments_and_owners_may_meet_at_an_instant() -> None:
    text = models("v1") + deployed("v1", 0, 5) + deployed("v1", 5)
    assert len(parse_catalogue(text).deployments) == 2
    assert len(parse_catalogue(OWNERS.format(instant(1), instant(1))).models[0].owners) == 2


CHAT = """
[[models]]
name = "Chat"
aliases = ["assistant"]
usage_types = ["Sonnet"]
[[models.versions]]
version = "4.6"
aliases = ["us.chat-4-6", "latest"]
usage_types = ["Claude4.6Sonnet"]
"""


@pytest.mark.parametrize(
    ("model", "version", "found"),
    [
        ("chat", "4.6", Resolved("Chat", "4.6", is_known=True)),
        ("ASSISTANT", "LATEST", Resolved("Chat", "4.6", is_known=True)),
        ("chat", "", Resolved("Chat", "", is_known=True)),
        ("US.chat-4-6", "", Resolved("Chat", "4.6", is_known=True)),
        ("gateway", "us.chat-4-6", Resolved("Chat", "4.6", is_known=True)),
        ("chat", "9", Resolved("Chat", "9", is_known=False)),
        ("Ghost", "1", Resolved("Ghost", "1", is_known=False)),
        ("", "", Resolved("", "", is_known=False)),
    ],
)
def test_names_are_resolved_without_case_and_kept_where_unknown(
    model: str, version: str, found: Resolved
) -> None:
    assert Names(parse_catalogue(CHAT)).resolve(model, version) == found


def test_usage_types_name_versions_models_or_themselves() -> None:
    names = Names(parse_catalogue(CHAT))
    assert names.of_usage_type("claude4.6sonnet") == Resolved("Chat", "4.6", is_known=True)
    assert names.of_usage_type("sonnet") == Resolved("Chat", "", is_known=True)
    assert names.of_usage_type("assistant") == Resolved("Chat", "", is_known=True)
    assert names.of_usage_type("Nova") == Resolved("Nova", "", is_known=False)


SUCCESSOR = models("v1", "v2").replace('"v2"\n', '"v2"\npredecessor = "v1"\n')


@pytest.mark.parametrize(
    ("text", "version", "component"),
    [
        (run(version="v1"), "v1", "training"),
        (run(version="v2"), "v2", "update"),
        (run(version="v2", rest='kind = "training"\n'), "v2", "training"),
        (run(version="v1", rest='kind = "update"\n'), "v1", "update"),
        (run(version="v2", rest='status = "failed"\n'), "(experiments)", "training"),
        (run(version="v2", rest='status = "stopped"\n'), "(experiments)", "training"),
        (run(version="v2", rest='kind = "experiment"\n'), "(experiments)", "training"),
    ],
)
def test_a_run_is_training_or_update_of_the_version_it_made(
    text: str, version: str, component: str
) -> None:
    (row,) = link_rows(parse_catalogue(SUCCESSOR + text))
    assert (row["kind"], row["model_version"], row["component"]) == ("run", version, component)


def test_a_run_without_a_version_is_an_experiment() -> None:
    text = models("v1") + run().replace('version = "v1"\n', "")
    (row,) = link_rows(parse_catalogue(text))
    assert row["model_version"] == "(experiments)"


def test_a_roll_out_lasts_while_both_versions_are_live_wherever_the_new_one_runs() -> None:
    catalogue = parse_catalogue(
        SUCCESSOR
        + deployed("v1", 0, 10, resource="a")
        + deployed("v1", 20, 30, resource="b")
        + deployed("v2", 5, 25, resource="C", replaces="v1")
    )
    spans = [
        (row["link_key"], row["valid_from"], row["valid_until"]) for row in rollout_rows(catalogue)
    ]
    assert spans == [("c", at(5), at(10)), ("c", at(20), at(25))]
    apart = SUCCESSOR + deployed("v1", 0, 5) + deployed("v2", 5, replaces="v1")
    assert list(rollout_rows(parse_catalogue(apart))) == []


def test_artefacts_lie_in_buckets_or_on_resources_and_weigh_their_size_if_all_have_one() -> None:
    assert bucket_key("s3://Weights/m/v1/") == "weights"
    assert bucket_key("arn:aws:s3:::weights/m") == "weights"
    assert bucket_key("vol-1/x") == "vol-1/x"

    def stored(location: str, size: str) -> str:
        return f'[[artefacts]]\nlocation = "{location}"\nmodel = "m"\n{size}\n'

    text = (
        models("v1")
        + stored("s3://a/1", "size_gb = 0.5")
        + stored("s3://a/2", "size_gb = 2")
        + stored("s3://b/1", "size_gb = 1")
        + stored("s3://b/2", "")
    )
    rows = [(row["link_key"], row["weight"]) for row in link_rows(parse_catalogue(text))]
    assert rows == [("a", 500_000), ("a", 2_000_000), ("b", 0), ("b", 0)]


def test_resources_have_accelerators_owners_and_complete_run_lists() -> None:
    text = (
        models("v1")
        + '[[resources]]\nid = "I-1"\ngpus = 0.5\nmodel = "m"\nowners = [{ owner = "o" }]\n'
        + '[[resources]]\nid = "I-2"\n'
        + f'[[run_coverage]]\nresources = ["I-1"]\nfrom = {instant(0)}\n[[run_coverage]]\n'
    )
    catalogue = parse_catalogue(text)
    assert [(row["link_key"], row["milli_gpus"]) for row in resource_rows(catalogue)] == [
        ("i-1", 500)
    ]
    (owner,) = owner_rows(catalogue)
    assert (owner["kind"], owner["name"], owner["owner"]) == ("resource", "i-1", "o")
    assert list(watched_runs(catalogue)) == [("i-1", at(0), FOREVER), ("*", EVER, FOREVER)]
    (link,) = link_rows(catalogue)
    assert (link["kind"], link["link_key"], link["model_version"]) == ("resource", "i-1", "")


def test_a_resource_spelled_in_full_and_by_its_last_part_is_one() -> None:
    arn = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/Rank"
    text = models("v1") + '[[resources]]\nid = "rank"\ngpus = 2\nowners = [{ owner = "o" }]\n'
    text += f'[[deployments]]\nmodel = "m"\nversion = "v1"\nresources = ["{arn}"]\n'
    text += '[[runs]]\nid = "r"\nmodel = "m"\nversion = "v1"\nresources = ["training-job/rank"]\n'
    catalogue = parse_catalogue(text)
    assert [row["link_key"] for row in link_rows(catalogue)] == [
        "endpoint/rank",
        "training-job/rank",
    ]
    assert [row["link_key"] for row in resource_rows(catalogue)] == ["endpoint/rank"]
    assert [row["name"] for row in owner_rows(catalogue)] == ["endpoint/rank"]


def test_the_registrys_tables_keep_their_contracts() -> None:
    text = SUCCESSOR + deployed("v1", 0, replicas=2) + run(version="v2") + PLAN
    tables = registry_tables(parse_catalogue(text), MONTH)
    assert tables[MODEL_VERSIONS.name].select("model_version", "predecessor").rows() == [
        ("v1", None),
        ("v2", "v1"),
    ]
    (deployment,) = tables[DEPLOYMENTS.name].iter_rows(named=True)
    assert deployment["deployment_id"] == "m/v1@i-0gpu/20260901T000000"
    assert (deployment["replicas"], deployment["live_until"]) == (2, FOREVER)
    assert tables[RUNS.name].select("run_id", "component").rows() == [("r", "update")]
    (line,) = tables[PLANS.name].iter_rows(named=True)
    assert (line["price"], line["quantity"]) == (Decimal("1.5"), None)
    assert line["as_of"] == datetime(2026, 8, 1)


def test_a_month_has_only_the_plans_that_cover_it() -> None:
    catalogue = parse_catalogue(models("v1") + PLAN)
    planned = {
        month: registry_tables(catalogue, month)[PLANS.name].height
        for month in ("2026-08", "2026-09", "2026-12", "2027-01")
    }
    assert planned == {"2026-08": 0, "2026-09": 1, "2026-12": 1, "2027-01": 0}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("price = 1, quantity = 1e30", "lines.0.quantity: Input should be less than 1000000000000"),
        ("price = 1e19, quantity = 1e19", "price x quantity has more digits than money has"),
        ("price = -4, quantity = 1", "lines.0.price: Input should be greater than or equal to 0"),
    ],
)
def test_a_plan_beyond_money_or_below_nothing_is_refused_by_its_key(line, problem) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        parse_catalogue(models("v1") + PLAN.replace("price = 1.5", line))
    assert problem in str(caught.value)


def test_a_deployment_is_somewhere_or_is_called_by_somebody() -> None:
    models = '[[models]]\nname = "m"\n[[models.versions]]\nversion = "v1"\n'
    nowhere = '[[deployments]]\nmodel = "m"\nversion = "v1"\n'
    with pytest.raises(SettingsInvalid, match="names neither resources nor principals"):
        parse_catalogue(models + nowhere)
    [deployment] = parse_catalogue(models + nowhere + 'principals = ["*role/a"]\n').deployments
    assert (deployment.resources, deployment.provider) == ([], "")


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        ("arn:aws:sagemaker:us-east-1:1:endpoint/Search-Rank", "endpoint/search-rank"),
        ("acs:ecs:cn-hangzhou:1:instance/i-bp1", "instance/i-bp1"),
        (
            "/subscriptions/1/resourceGroups/ML/providers/Microsoft.Compute/virtualMachines/G",
            "ml/microsoft.compute/virtualmachines/g",
        ),
        ("/subscriptions/1/providers/Microsoft.Capacity/x", "microsoft.capacity/x"),
        (
            "//aiplatform.googleapis.com/projects/p/locations/z/endpoints/4",
            "locations/z/endpoints/4",
        ),
        ("//compute.googleapis.com/projects/p", "projects/p"),
        ("gs://Weights/", "weights"),
        ("i-0abc", "i-0abc"),
    ],
)
def test_a_resources_key_is_without_account_project_and_subscription(
    resource: str, key: str
) -> None:
    assert resource_key(resource) == key


@pytest.mark.parametrize(
    ("location", "key"),
    [
        ("s3://weights/a/b", "weights"),
        ("gs://weights/a/b", "weights"),
        ("oss://weights/a", "weights"),
        ("https://ACCT.blob.core.windows.net/weights/a", "acct"),
        ("abfss://weights@acct.dfs.core.windows.net/a", "acct"),
        ("vol-1", "vol-1"),
    ],
)
def test_an_artefact_is_billed_with_its_bucket_or_storage_account(location: str, key: str) -> None:
    assert bucket_key(location) == key


@pytest.mark.parametrize(
    ("pattern", "text", "is_meant"),
    [
        ("role/a", "ROLE/A", True),
        ("role/a", "role/ab", False),
        ("*role/?", "x:role/a", True),
        ("a.b", "axb", False),
    ],
)
def test_patterns_are_whole_and_without_case(pattern: str, text: str, is_meant: bool) -> None:
    assert matches(pattern, text) is is_meant


def test_meters_that_differ_in_their_separators_are_one() -> None:
    models = '[[models]]\nname = "chat"\n[[models.versions]]\nversion = "4o"\n'
    names = Names(parse_catalogue(models + 'usage_types = ["gpt-4o-0806"]\n'))
    assert names.of_usage_type("gpt 4o 0806").version == "4o"
    assert names.of_usage_type("gpt 4o 1120").model == "gpt 4o 1120"


def test_two_resources_cannot_go_by_one_name() -> None:
    text = "".join(f'[[resources]]\nid = "i-{n}"\nnames = ["Node-{n // 2}"]\n' for n in (0, 1, 2))
    with pytest.raises(SettingsInvalid, match="resource name 'node-0' is claimed by 'i-0' and by"):
        parse_catalogue(text)
