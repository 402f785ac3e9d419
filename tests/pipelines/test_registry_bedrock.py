"""Bedrock's snapshots become versions, what calls them, and the jobs that made them."""

from datetime import datetime

import pytest

from pipelines.registry.catalogue import FOREVER, Catalogue, parse_catalogue
from pipelines.registry.frames import registry_tables
from pipelines.registry.log_names import LogNames
from pipelines.registry.merge import merge
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.bedrock import family_of
from pipelines.registry.sources.registered import facts_of

BASE = "arn:aws:bedrock:us-east-1:123456789012:"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
FOUNDATION = f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}"
CREATED = "2026-08-10T00:00:00Z"


def at(day: str, hour: int = 0) -> datetime:
    return datetime.fromisoformat(f"2026-{day}").replace(hour=hour)


def snapshot(day: str, **answers) -> Snapshot:
    items = {"regions": {"us-east-1": answers}, "missing": []}
    return Snapshot("aws-llm", "bedrock", at(day), items)


def told(*snapshots, file: Catalogue | None = None):
    found = facts_of(snapshots)
    merged = merge(file or Catalogue(), [found])
    assert merged.conflicts == []
    return found, merged.catalogue


def custom(own_id: str, name: str, created: str = CREATED, **tags: str) -> dict:
    return {
        "modelArn": f"{BASE}custom-model/amazon.nova-lite-v1:0:300k/{own_id}",
        "modelName": name,
        "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
        "creationTime": created,
        "tags": tags,
    }


def profile(own_id: str = "p1", *models: str) -> dict:
    return {
        "inferenceProfileName": "search-assistant",
        "inferenceProfileArn": f"{BASE}application-inference-profile/{own_id}",
        "inferenceProfileId": own_id,
        "models": [{"modelArn": arn} for arn in models or (FOUNDATION,)],
        "createdAt": CREATED,
        "type": "APPLICATION",
    }


def provisioned(model: str, units: int = 1, modified: str = CREATED, **more) -> dict:
    return {
        "provisionedModelName": "units",
        "provisionedModelArn": f"{BASE}provisioned-model/u1",
        "modelArn": model,
        "modelUnits": units,
        "status": "InService",
        "commitmentDuration": "OneMonth",
        "creationTime": CREATED,
        "lastModifiedTime": modified,
        **more,
    }


def lives(found):
    return [
        (d.model, d.version, d.resources[0].split(":", 5)[5], d.from_, d.until, d.replicas)
        for d in found.deployments
    ]


def test_an_application_profile_is_its_models_name_in_the_bill_and_in_the_log():
    other_region = FOUNDATION.replace("us-east-1", "us-west-2")
    found, catalogue = told(snapshot("09-01", profiles=[profile("p1", FOUNDATION, other_region)]))
    assert lives(found) == [
        (
            "claude-3-haiku",
            HAIKU,
            "application-inference-profile/p1",
            at("08-10"),
            FOREVER,
            1,
        )
    ]
    (deployment,) = catalogue.deployments
    assert deployment.use_case == "search-assistant"
    named = LogNames(catalogue).spans(f"{BASE}application-inference-profile/p1", "")[-1].resolved
    assert (named.model, named.version) == ("claude-3-haiku", HAIKU)


def test_the_file_says_whose_model_a_foundation_model_is_by_its_id_or_an_alias():
    for text in (f'version = "{HAIKU}"', f'version = "haiku"\naliases = ["{HAIKU}"]'):
        file = parse_catalogue(f'[[models]]\nname = "assistant"\n[[models.versions]]\n{text}\n')
        _, catalogue = told(snapshot("09-01", profiles=[profile()]), file=file)
        (model,) = catalogue.models
        (deployment,) = catalogue.deployments
        assert (model.name, deployment.model) == ("assistant", "assistant")
        assert deployment.version == model.versions[0].version


def test_a_profile_of_two_models_is_none_of_them():
    found, _ = told(snapshot("09-01", profiles=[profile("p1", FOUNDATION, f"{FOUNDATION[:-1]}9")]))
    assert found.deployments == []


def test_provisioned_throughput_is_billed_for_the_version_it_holds_until_it_is_switched():
    first, second = custom("aaa", "support-1"), custom("bbb", "support-2")
    models = {"custom_models": [first, second]}
    found, _ = told(
        snapshot("09-01", provisioned=[provisioned(first["modelArn"], 2)], **models),
        snapshot(
            "09-05",
            provisioned=[provisioned(second["modelArn"], 2, modified="2026-09-04T06:00:00Z")],
            **models,
        ),
        snapshot("09-09", provisioned=[], **models),
    )
    assert lives(found) == [
        ("support-1", "aaa", "provisioned-model/u1", at("08-10"), at("09-04", 6), 2),
        ("support-2", "bbb", "provisioned-model/u1", at("09-04", 6), at("09-09"), 2),
    ]
    assert found.deployments[0].names == [f"{BASE}provisioned-model/u1", "u1"]


def test_what_failed_to_start_serves_nothing():
    failed = {
        "customModelDeploymentArn": f"{BASE}custom-model-deployment/d1",
        "modelArn": custom("aaa", "x")["modelArn"],
        "createdAt": CREATED,
        "status": "Failed",
    }
    found, _ = told(
        snapshot(
            "09-01", provisioned=[provisioned(FOUNDATION, status="Failed")], deployments=[failed]
        )
    )
    assert found.deployments == []


def test_custom_deployments_and_imported_models_are_called_by_their_own_arn():
    imported = {
        "modelArn": f"{BASE}imported-model/i1",
        "modelName": "qwen-rank",
        "creationTime": CREATED,
        "modelDataSource": {"s3DataSource": {"s3Uri": "s3://weights/qwen"}},
    }
    deployed = {
        "customModelDeploymentArn": f"{BASE}custom-model-deployment/d1",
        "modelArn": custom("aaa", "support")["modelArn"],
        "createdAt": CREATED,
        "lastUpdatedAt": "2026-08-11T00:00:00Z",
        "status": "Active",
    }
    found, _ = told(
        snapshot(
            "09-01",
            custom_models=[custom("aaa", "support")],
            imported_models=[imported],
            deployments=[deployed],
        )
    )
    assert [life[:4] for life in lives(found)] == [
        ("support", "aaa", "custom-model-deployment/d1", at("08-10")),
        ("qwen-rank", "i1", "imported-model/i1", at("08-10")),
    ]
    (version,) = next(m for m in found.models if m.name == "qwen-rank").versions
    assert version.artefact == "s3://weights/qwen"
    assert {a.location for a in found.artefacts if a.model == "support"} == {
        custom("aaa", "support")["modelArn"]
    }


def test_tags_make_custom_models_versions_of_one_model_and_a_later_one_its_update():
    models = [
        custom("aaa", "support-1", model="support", model_version="v1"),
        custom("bbb", "support-2", "2026-08-20T00:00:00Z", model="support", model_version="v2"),
    ]
    jobs = [
        {
            "jobArn": f"{BASE}model-customization-job/{number}",
            "jobName": f"job-{number}",
            "outputModelName": f"support-{number}",
            "outputModelArn": model["modelArn"],
            "status": status,
            "statusDetails": {"trainingDetails": {"creationTime": "2026-08-09T02:00:00Z"}},
            "creationTime": "2026-08-09T00:00:00Z",
            "endTime": "2026-08-09T05:00:00Z",
            "tags": {"model": "support"},
        }
        for number, model, status in (
            (1, models[0], "Completed"),
            (2, models[1], "Completed"),
            (3, models[1], "Failed"),
        )
    ]
    _, catalogue = told(
        snapshot(
            "09-01",
            custom_models=models,
            customization_jobs=jobs,
            provisioned=[provisioned(models[0]["modelArn"])],
        )
    )
    table = registry_tables(catalogue, "2026-09")["core_registry__runs"]
    assert {
        row["resource_key"]: (row["model"], row["model_version"], row["component"])
        for row in table.to_dicts()
    } == {
        "model-customization-job/1": ("support", "v1", "training"),
        "model-customization-job/2": ("support", "v2", "update"),
        "model-customization-job/3": ("support", "(experiments)", "training"),
    }
    assert set(table["started_at"]) == {at("08-09", 2)}


@pytest.mark.parametrize(
    ("model_id", "family"),
    [
        (HAIKU, "claude-3-haiku"),
        ("amazon.nova-lite-v1:0:300k", "nova-lite"),
        ("amazon.titan-text-express-v1", "titan-text-express"),
        ("meta.llama3-1-70b-instruct-v1:0", "llama3-1-70b-instruct"),
        ("anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"),
        ("plain", "plain (family)"),
    ],
)
def test_a_foundation_models_family_is_its_id_without_maker_date_and_revision(model_id, family):
    assert family_of(model_id) == family
