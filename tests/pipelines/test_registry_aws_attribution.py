"""A small AWS bill finds its versions through nothing but the registries' snapshots."""

from decimal import Decimal

import pytest
from attribution_builders import attribute, charge, use, watched
from sagemaker_snapshots import (
    BASE,
    config,
    endpoint,
    job,
    model,
    package,
    snapshot,
    text,
    variant,
)
from test_registry_bedrock import BASE as LLM
from test_registry_bedrock import custom, profile, provisioned
from test_registry_bedrock import snapshot as llm_snapshot

from pipelines.registry.catalogue import Catalogue
from pipelines.registry.merge import merge
from pipelines.registry.snapshots import in_order, parse_snapshot, snapshot_text
from pipelines.registry.sources.registered import facts_of

ENDPOINT = f"{BASE}endpoint/RANK"
"""As a bill may spell it; the registry has `rank`, logs `Rank`."""


def snapshots():
    common = {
        "packages": [package(1), package(2)],
        "models": [model("m1", 1), model("m2", 2)],
        "training_jobs": [
            job("Rank-2", OutputModelPackageArn=f"{BASE}model-package/rank/2"),
            job("rank-2-lost", "Failed", Tags={"model": "rank"}),
        ],
        "transform_jobs": [
            {
                "TransformJobName": "score",
                "TransformJobArn": f"{BASE}transform-job/score",
                "TransformJobStatus": "Completed",
                "CreationTime": text("09-01", 1),
                "TransformStartTime": text("09-01", 1),
                "TransformEndTime": text("09-01", 3),
                "ModelName": "m1",
            }
        ],
    }
    alone = config(variant("m1", "blue", 3))
    canary = config(variant("m1", "blue", 3), variant("m2", "canary"), name="c2")
    tuned = custom("aaa", "support-1", model="support", model_version="v1")
    return [
        snapshot("09-01", endpoints=[endpoint(alone)], **common),
        snapshot("09-02", endpoints=[endpoint(canary, modified=text("09-01", 12))], **common),
        llm_snapshot(
            "09-01",
            custom_models=[tuned],
            provisioned=[provisioned(tuned["modelArn"])],
            profiles=[profile()],
        ),
    ]


@pytest.fixture(scope="module")
def catalogue():
    """The file says nothing; the snapshots are read as from their files."""
    kept = [parse_snapshot(snapshot_text(s), s.name) for s in reversed(snapshots())]
    merged = merge(Catalogue(), [facts_of(found) for found in in_order(kept).values()])
    assert merged.conflicts == []
    return merged.catalogue


def sagemaker(charge_id, resource, hour, **changed):
    words = {"x_ServiceCode": "AmazonSageMaker", "ServiceName": "Amazon SageMaker"}
    kind = {"x_UsageType": "USE1-Host:ml.g5.xlarge", "x_InstanceType": "ml.g5.xlarge"}
    return charge(charge_id, hour=hour, ResourceId=resource, **words, **(kind | changed))


def bedrock(charge_id, resource, **changed):
    words = {"x_ServiceCode": "AmazonBedrock", "ServiceName": "Amazon Bedrock"}
    return charge(charge_id, ResourceId=resource, **words, **changed)


BILL = [
    sagemaker("train", f"{BASE}training-job/rank-2", 1, x_UsageType="USE1-Train:ml.g5.xlarge"),
    sagemaker("lost", f"{BASE}training-job/rank-2-lost", 2, x_UsageType="USE1-Train:ml.g5.xlarge"),
    sagemaker("batch", f"{BASE}transform-job/score", 2, x_UsageType="USE1-Tsform:ml.g5.xlarge"),
    sagemaker("before", ENDPOINT, 5),
    sagemaker("canary", ENDPOINT, 13),
    bedrock("units", f"{LLM}provisioned-model/u1", x_UsageType="USE1-ProvisionedThroughput"),
    bedrock("profile", f"{LLM}application-inference-profile/p1", x_UsageType="USE1-InputTokens"),
]


def test_lines_of_jobs_endpoints_throughput_and_profiles_find_their_version(tmp_path, catalogue):
    seen = {"resource_id": "Rank", "hour": 13}
    ledger = attribute(
        tmp_path,
        BILL,
        catalogue,
        usage=[
            use("", requests=30, **(seen | {"model": "Rank/blue"})),
            use("", requests=10, **(seen | {"model": "rank/Canary"})),
        ],
        coverage=[watched(12, 14, "rank")],
        policy='idle_measure = "quiet_hours"',
    )
    found = {
        row["x_ChargeId"]: ledger.of(row["x_ChargeId"], "model", "model_version", "component")
        for row in BILL
    }
    one = Decimal(1)
    assert found == {
        "train": {("rank", "2", "update"): one},
        "lost": {("rank", "(experiments)", "training"): one},
        "batch": {("rank", "1", "inference"): one},
        "before": {("rank", "1", "inference"): one},
        "canary": {
            ("rank", "1", "inference"): Decimal("0.75"),
            ("rank", "2", "inference"): Decimal("0.25"),
        },
        "units": {("support", "v1", "inference"): one},
        "profile": {("claude-3-haiku", "anthropic.claude-3-haiku-20240307-v1:0", "inference"): one},
    }


def test_without_the_registries_none_of_these_lines_has_a_model(tmp_path):
    ledger = attribute(tmp_path, BILL)
    assert {bucket for row in BILL for bucket, _ in ledger.words(
        row["x_ChargeId"], "bucket", "model_version")} == {"unattributed"}  # fmt: skip
