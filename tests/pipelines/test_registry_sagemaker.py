"""SageMaker's snapshots become versions, dated links and runs."""

from decimal import Decimal

import pytest
from sagemaker_snapshots import (
    BASE,
    FIRST,
    at,
    component,
    config,
    endpoint,
    job,
    model,
    package,
    snapshot,
    text,
    variant,
)

from pipelines.inference.sagemaker_capture import sampled
from pipelines.registry.catalogue import FOREVER, Catalogue
from pipelines.registry.facts import CaptureRate
from pipelines.registry.frames import registry_tables
from pipelines.registry.links import link_rows, rollout_rows
from pipelines.registry.merge import merge
from pipelines.registry.sources.registered import facts_of

V1, V2 = [model("m1", 1)], [model("m2", 2)]


def told(*snapshots):
    found = facts_of(snapshots)
    merged = merge(Catalogue(), [found])
    assert merged.conflicts == [f"registry 'aws': {warning}" for warning in found.warnings]
    return found, merged.catalogue


def lives(found):
    """Who ran where, when, in how many replicas."""
    return [
        (d.model, d.version, d.resources[0].rsplit("/", 1)[1], d.from_, d.until, d.replicas)
        for d in found.deployments
    ]


def runs(found):
    return {run.id.rsplit("/", 1)[1]: run for run in found.runs}


def test_a_registered_version_keeps_its_arn_its_artefact_and_what_it_succeeds():
    found, catalogue = told(
        snapshot("09-02", packages=[package(1), package(2, approval="Rejected"), package(3)])
    )
    (rank,) = catalogue.models
    assert rank.name == "rank"
    assert [(v.version, v.predecessor, v.released) for v in rank.versions] == [
        ("1", "", at("07-01")),
        ("2", "1", None),
        ("3", "1", at("07-03")),  # what was rejected and never served is succeeded by nothing
    ]
    assert rank.versions[2].aliases == [f"{BASE}model-package/rank/3"]
    assert rank.versions[2].artefact == "s3://weights/rank/v3/model.tar.gz"
    assert {a.location for a in found.artefacts} >= {"s3://weights/rank/v3/model.tar.gz"}


def test_an_endpoint_runs_the_version_of_its_models_package_since_its_config_was_made():
    found, catalogue = told(
        snapshot(
            "09-05",
            packages=[package(1)],
            models=[model("m1", 1)],
            endpoints=[
                endpoint(config(variant("m1", "blue", instances=3), created=text("08-20", 7)))
            ],
        )
    )
    assert lives(found) == [("rank", "1", "rank", at("08-20", 7), FOREVER, 3)]
    (deployment,) = catalogue.deployments
    assert deployment.names == ["Rank/blue"]
    assert {row["link_key"] for row in link_rows(catalogue)} >= {"endpoint/rank"}


def test_a_switch_of_the_config_ends_the_old_version_when_the_endpoint_says_it_was_changed():
    before = endpoint(config(variant("m1")))
    after = endpoint(
        config(variant("m2"), name="c2", created=text("09-07", 9)), modified=text("09-07", 10)
    )
    common = {"packages": [package(1), package(2)], "models": V1 + V2}
    found, _ = told(
        snapshot("09-05", endpoints=[before], **common),
        snapshot("09-08", endpoints=[after], **common),
    )
    assert lives(found) == [
        ("rank", "1", "rank", at("08-01"), at("09-07", 10), 1),
        ("rank", "2", "rank", at("09-07", 10), FOREVER, 1),
    ]


@pytest.mark.parametrize("modified", [text("09-01"), text("09-20")])
def test_a_switch_whose_time_cannot_be_is_dated_by_the_snapshot_that_shows_it(modified):
    common = {"packages": [package(1), package(2)], "models": V1 + V2}
    found, _ = told(
        snapshot("09-05", endpoints=[endpoint(config(variant("m1")))], **common),
        snapshot(
            "09-08",
            endpoints=[endpoint(config(variant("m2"), name="c2"), modified=modified)],
            **common,
        ),
    )
    assert [(life[1], life[3], life[4]) for life in lives(found)] == [
        ("1", at("08-01"), at("09-08")),
        ("2", at("09-08"), FOREVER),
    ]


def test_an_endpoint_ends_with_the_snapshot_that_lacks_it_or_with_its_next_life():
    common = {"packages": [package(1), package(2)], "models": V1 + V2}
    again = {"CreationTime": text("09-06", 5), "LastModifiedTime": text("09-06", 5)}
    found, _ = told(
        snapshot(
            "09-05",
            endpoints=[
                endpoint(config(variant("m1")), "gone"),
                endpoint(config(variant("m1")), "anew"),
            ],
            **common,
        ),
        snapshot("09-08", endpoints=[endpoint(config(variant("m2")), "anew", **again)], **common),
    )
    assert [life[1:5] for life in lives(found)] == [
        ("1", "anew", at("08-01"), at("09-06", 5)),
        ("2", "anew", at("09-06", 5), FOREVER),
        ("1", "gone", at("08-01"), at("09-08")),
    ]


def test_what_was_refused_is_unknown_and_never_gone():
    missing = {"region": "us-east-1", "action": "sagemaker:ListEndpoints", "why": "refused"}
    common = {"packages": [package(1)], "models": V1}
    found, _ = told(
        snapshot("09-05", endpoints=[endpoint(config(variant("m1")))], **common),
        snapshot("09-06", missing=[missing], **common),
        snapshot("09-07", endpoints=[endpoint(None)], **common),
    )
    assert [life[1:5] for life in lives(found)] == [("1", "rank", at("08-01"), FOREVER)]
    denied = facts_of(
        [snapshot("09-05", packages=[package(1)]), snapshot("09-06", missing=[missing])]
    )
    assert denied.warnings == [
        "us-east-1: sagemaker:ListEndpoints was refused: allow this IAM action; what it tells is "
        "as of the last snapshot that had it"
    ]


def test_a_canary_replaces_the_version_beside_it_and_scaling_is_dated():
    common = {"packages": [package(1), package(2)], "models": V1 + V2}
    both = config(variant("m1", "blue", 4), variant("m2", "canary"), name="c2", created=FIRST)
    counted = [
        {"VariantName": "blue", "CurrentInstanceCount": 2},
        {"VariantName": "canary", "CurrentInstanceCount": 3},
    ]
    found, catalogue = told(
        snapshot("09-05", endpoints=[endpoint(config(variant("m1", "blue", 4)))], **common),
        snapshot("09-08", endpoints=[endpoint(both, modified=text("09-07", 6))], **common),
        snapshot(
            "09-09",
            endpoints=[
                endpoint(both, modified=text("09-08", 12), **{"ProductionVariants": counted})
            ],
            **common,
        ),
    )
    assert [(life[1], *life[3:]) for life in lives(found)] == [
        ("1", at("08-01"), at("09-08", 12), 4),
        ("1", at("09-08", 12), FOREVER, 2),
        ("2", at("09-07", 6), at("09-08", 12), 1),
        ("2", at("09-08", 12), FOREVER, 3),
    ]
    overlaps = {(r["model_version"], r["valid_from"]) for r in rollout_rows(catalogue)}
    assert overlaps == {("2", at("09-07", 6)), ("2", at("09-08", 12))}
    assert {d.version: d.names for d in found.deployments} == {
        "1": ["Rank/blue"],
        "2": ["Rank/canary"],
    }


def test_a_first_version_that_is_rolled_back_to_succeeds_none():
    common = {"packages": [package(1), package(2)], "models": V1 + V2}
    back = config(variant("m1"), name="c2", created=text("09-06"))
    _, catalogue = told(
        snapshot("09-05", endpoints=[endpoint(config(variant("m2")))], **common),
        snapshot("09-08", endpoints=[endpoint(back, modified=text("09-07"))], **common),
    )
    (rank,) = catalogue.models
    assert [(v.version, v.predecessor) for v in rank.versions] == [("1", ""), ("2", "1")]


def test_a_shadow_variant_is_an_update_of_what_it_shadows():
    shadowed = config(variant("m2", "live"), shadows=[variant("m1", "shadow", 2)])
    found, _ = told(
        snapshot(
            "09-05",
            packages=[package(1), package(2)],
            models=V1 + V2,
            endpoints=[endpoint(shadowed)],
        )
    )
    assert {(d.version, d.replicas, d.replaces) for d in found.deployments} == {
        ("1", 2, "2"),
        ("2", 1, None),
    }


def test_while_a_deployment_is_pending_the_new_version_runs_beside_the_old():
    common = {"packages": [package(1), package(2)], "models": V1 + V2}
    coming = config(variant("m2"), name="c2", created=text("09-07", 5))
    pending = {
        "PendingDeploymentSummary": {"EndpointConfigName": "c2", "StartTime": text("09-07", 6)},
        "PendingConfig": coming,
    }
    found, _ = told(
        snapshot("09-05", endpoints=[endpoint(config(variant("m1")))], **common),
        snapshot("09-07", hour=8, endpoints=[endpoint(config(variant("m1")), **pending)], **common),
        snapshot("09-08", endpoints=[endpoint(coming, modified=text("09-07", 9))], **common),
    )
    assert [(d.version, d.from_, d.until, d.replaces) for d in found.deployments] == [
        ("1", at("08-01"), at("09-07", 9), None),
        ("2", at("09-07", 6), at("09-07", 9), "1"),
        ("2", at("09-07", 9), FOREVER, None),
    ]


def test_inference_components_share_an_endpoint_by_copies_and_their_accelerators():
    parts = [component("a", "m1", copies=2, gpus=4), component("b", "m2", copies=3)]
    bare = config({"VariantName": "all", "InitialInstanceCount": 2, "InstanceType": "ml.p5"})
    common = {
        "packages": [package(1), package(2)],
        "models": V1 + V2,
        "endpoints": [endpoint(bare, "shared")],
    }
    more = {"RuntimeConfig": {"CurrentCopyCount": 5}, "LastModifiedTime": text("09-06", 3)}
    found, _ = told(
        snapshot("09-05", components=parts, **common),
        snapshot("09-07", components=[parts[0], component("b", "m2", **more)], **common),
        snapshot("09-09", **common),  # the list was refused: they are as they were
    )
    assert [(d.version, d.from_, d.until, d.replicas, d.gpus) for d in found.deployments] == [
        ("1", at("08-01"), FOREVER, 2, Decimal("4.0")),
        ("2", at("08-01"), at("09-06", 3), 3, Decimal("1.0")),
        ("2", at("09-06", 3), FOREVER, 5, Decimal("1.0")),
    ]
    assert found.deployments[0].names == ["a", "shared/a"]


def test_an_adapter_component_is_the_version_of_its_own_artefact():
    adapter = component("lora", "m1")
    adapter["Specification"] = {
        "BaseInferenceComponentName": "a",
        "Container": {"ArtifactUrl": "s3://weights/rank/v2/"},
    }
    bare = config({"VariantName": "all", "InitialInstanceCount": 2, "InstanceType": "ml.p5"})
    found, _ = told(
        snapshot(
            "09-05",
            packages=[package(1), package(2)],
            models=V1,
            endpoints=[endpoint(bare, "shared")],
            components=[component("a", "m1"), adapter],
        )
    )
    assert [(d.version, d.names) for d in found.deployments] == [
        ("1", ["a", "shared/a"]),
        ("2", ["lora", "shared/lora"]),
    ]


@pytest.mark.parametrize(
    ("url", "version"),
    [
        ("s3://weights/rank/v1/model.tar.gz", "1"),
        ("s3://weights/rank/v10/model.tar.gz", "10"),
        ("s3://weights/rank/v10", "10"),
        ("s3://weights/rank/v10/", "10"),
        ("s3://weights/rank/v10/model.tar.gz/extra", "10"),
    ],
)
def test_an_artefact_is_matched_whole_or_below_a_folder_never_by_its_beginning(url, version):
    found, _ = told(
        snapshot(
            "09-05",
            packages=[package(1), package(10)],
            models=[model("m", url=url)],
            endpoints=[endpoint(config(variant("m")))],
            training_jobs=[job("j", ModelArtifacts={"S3ModelArtifacts": url})],
        )
    )
    assert [d.version for d in found.deployments] == [version]
    assert [run.version for run in found.runs] == [version]
    assert found.warnings == []


def test_a_folder_name_that_only_begins_alike_matches_nothing():
    found, _ = told(
        snapshot(
            "09-05",
            packages=[package(1, InferenceSpecification={"Containers": [
                {"ModelDataSource": {"S3DataSource": {"S3Uri": "s3://weights/rank/v1"}}}]})],
            training_jobs=[job("j", ModelArtifacts={"S3ModelArtifacts": "s3://weights/rank/v10/m"})],
        )
    )  # fmt: skip
    assert found.runs == []
    assert found.warnings == [
        "training job j is of no model: their cost stays unattributed. Register what they made, "
        "or tag them `model` (and `model_version`)"
    ]


def test_a_folder_means_the_only_version_in_it_and_none_of_several():
    def trained(name, folder):
        return job(name, ModelArtifacts={"S3ModelArtifacts": folder})

    found, _ = told(
        snapshot(
            "09-05",
            packages=[package(1), package(2), package(1, group="ads")],
            training_jobs=[
                trained("one", "s3://weights/ads/"),
                trained("two", "s3://weights/rank"),
            ],
        )
    )
    assert {name: (run.model, run.version) for name, run in runs(found).items()} == {
        "one": ("ads", "1")
    }
    assert found.warnings[0].startswith("training job two is of no model")


def test_an_unregistered_model_is_a_version_of_what_serves_it_and_its_job_is_found():
    url = "s3://weights/ads/2026-09-01/model.tar.gz"
    found, _ = told(
        snapshot(
            "09-05",
            models=[model("ads-0901", url=url), model("ads-tagged", Tags={
                "Model": "ads", "model-version": "8"})],
            endpoints=[
                endpoint(config(variant("ads-0901")), "ads-live"),
                endpoint(config(variant("ads-tagged")), "ads-test"),
            ],
            training_jobs=[job("train-ads", ModelArtifacts={"S3ModelArtifacts": url})],
        )
    )  # fmt: skip
    assert [(d.model, d.version) for d in found.deployments] == [
        ("ads-live", "ads-0901"),
        ("ads", "8"),
    ]
    assert runs(found)["train-ads"].version == "ads-0901"
    assert found.warnings == [
        "SageMaker model ads-0901 (of ads-live) is of no registered package and without tags: "
        "taken as a version of a model named as what serves it"
    ]


def test_a_multi_model_endpoint_holds_every_version_below_its_folder():
    holder = model("many", url="s3://weights/rank/")
    holder["PrimaryContainer"]["Mode"] = "MultiModel"
    found, _ = told(
        snapshot(
            "09-05",
            packages=[package(1), package(2), package(1, group="ranking")],
            models=[holder],
            endpoints=[endpoint(config(variant("many")))],
        )
    )
    assert [(d.model, d.version, d.names) for d in found.deployments] == [
        ("rank", "1", ["Rank/all/v1/model.tar.gz"]),
        ("rank", "2", ["Rank/all/v2/model.tar.gz"]),
    ]


def test_containers_of_several_versions_behind_one_variant_are_known_by_their_hostnames():
    two = model("two")
    del two["PrimaryContainer"]
    two["Containers"] = [
        {"ContainerHostname": "first", "ModelPackageName": f"{BASE}model-package/rank/1"},
        {"ModelPackageName": f"{BASE}model-package/rank/2"},
        {"ModelPackageName": f"{BASE}model-package/rank/3"},
    ]
    found, _ = told(
        snapshot("09-05", packages=[], models=[two], endpoints=[endpoint(config(variant("two")))])
    )
    assert [(d.version, d.names) for d in found.deployments] == [
        ("1", ["Rank/all/first"]),
        ("2", ["Rank/all"]),
        ("3", ["Rank/all"]),
    ]


def test_one_endpoint_name_in_two_regions_is_one_resource_with_the_replicas_of_both():
    def regional(region):
        arn = BASE.replace("us-east-1", region)
        here = endpoint(config(variant("m1", instances=2)), EndpointArn=f"{arn}endpoint/rank")
        return {"packages": [package(1)], "models": V1, "endpoints": [here]}

    both = snapshot("09-05")
    both.items["regions"] = {r: regional(r) for r in ("eu-west-1", "us-east-1")}
    one = snapshot("09-07", endpoints=[])
    one.items["regions"]["eu-west-1"] = regional("eu-west-1")
    found, _ = told(both, one)
    assert lives(found) == [
        ("rank", "1", "rank", at("08-01"), at("09-07"), 4),
        ("rank", "1", "rank", at("09-07"), FOREVER, 2),
    ]


def test_what_a_job_was_billed_is_its_billable_seconds_on_every_instance_and_its_warm_pool():
    groups = [
        {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 2},
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
    ]
    output = {"OutputModelPackageArn": f"{BASE}model-package/rank/2"}
    found, catalogue = told(
        snapshot(
            "09-05",
            packages=[package(1), package(2)],
            training_jobs=[
                job("spot", BillableTimeInSeconds=1800, instances=4, **output),
                job("groups", ResourceConfig={"InstanceGroups": groups}, **output),
                job(
                    "warm",
                    WarmPoolStatus={
                        "Status": "Terminated",
                        "ResourceRetainedBillableTimeInSeconds": 1800,
                    },
                    **output,
                ),
                job("serverless", ResourceConfig={}, BillableTokenCount=9, **output),
                job("running", "InProgress", **output) | {"BillableTimeInSeconds": None},
            ],
        )
    )
    facts = {
        name: (run.billable_seconds, run.instances, run.instance_type)
        for name, run in runs(found).items()
    }
    assert facts == {
        "spot": (1800, 4, "ml.g5.xlarge"),
        "groups": (7200, 3, "ml.c5.xlarge+ml.p4d.24xlarge"),
        "warm": (9000, 1, "ml.g5.xlarge"),
        "serverless": (None, None, ""),
        "running": (None, 1, "ml.g5.xlarge"),
    }
    assert runs(found)["warm"].until == at("09-01", 3).replace(minute=30)
    table = registry_tables(catalogue, "2026-09")["core_registry__runs"]
    spot = next(row for row in table.to_dicts() if row["run_id"].endswith("/spot"))
    assert (spot["resource_key"], spot["model_version"], spot["component"]) == (
        "training-job/spot",
        "2",
        "update",
    )
    assert (spot["billable_seconds"], spot["instances"]) == (1800, 4)


def test_failed_stopped_losing_and_rejected_runs_are_experiments_of_the_model():
    sweep = {"TuningJobArn": f"{BASE}hyper-parameter-tuning-job/sweep"}
    group = {"ModelPackageConfig": {"ModelPackageGroupArn": f"{BASE}model-package-group/rank"}}
    found, catalogue = told(
        snapshot(
            "09-05",
            packages=[package(1), package(2, approval="Rejected")],
            training_jobs=[
                job("won", **sweep, OutputModelPackageArn=f"{BASE}model-package/rank/1"),
                job("lost", **sweep),
                job("failed", "Failed", **group),
                job("stopped", "Stopped", Tags={"model": "rank", "model_version": ""}),
                job("stopped-early", "Stopped", ModelArtifacts={
                    "S3ModelArtifacts": "s3://weights/rank/v1/model.tar.gz"}),
                job("rejected", OutputModelPackageArn=f"{BASE}model-package/rank/2"),
                job("judged", ServerlessJobConfig={"JobType": "Evaluation"}, **group),
            ],
        )
    )  # fmt: skip
    table = registry_tables(catalogue, "2026-09")["core_registry__runs"]
    assert {
        row["run_id"].rsplit("/", 1)[1]: (row["model"], row["model_version"], row["component"])
        for row in table.to_dicts()
    } == {
        "won": ("rank", "1", "training"),
        "lost": ("rank", "(experiments)", "training"),
        "failed": ("rank", "(experiments)", "training"),
        "stopped": ("rank", "(experiments)", "training"),
        "stopped-early": ("rank", "1", "training"),
        "rejected": ("rank", "(experiments)", "training"),
        "judged": ("rank", "(experiments)", "training"),
    }
    assert found.warnings == []


def test_a_package_may_name_the_job_that_made_it_and_a_job_the_version_it_began_with():
    found, _ = told(
        snapshot(
            "09-05",
            packages=[
                package(1),
                package(2, MetadataProperties={"GeneratedBy": f"{BASE}training-job/tuned"}),
            ],
            training_jobs=[
                job(
                    "tuned",
                    ModelPackageConfig={"SourceModelPackageArn": f"{BASE}model-package/rank/1"},
                )
            ],
        )
    )
    assert runs(found)["tuned"].version == "2"
    assert found.models[0].versions[1].base_model == f"{BASE}model-package/rank/1"


def test_a_job_that_was_deleted_since_is_still_a_run():
    kept = snapshot(
        "09-05",
        packages=[package(1)],
        training_jobs=[job("j", OutputModelPackageArn=f"{BASE}model-package/rank/1")],
    )
    found, _ = told(kept, snapshot("09-06", packages=[], training_jobs=[]))
    assert [run.version for run in found.runs] == ["1"]


def test_processing_of_an_artefact_is_an_evaluation_and_a_batch_transform_is_inference():
    evaluation = {
        "ProcessingJobName": "judge",
        "ProcessingJobArn": f"{BASE}processing-job/judge",
        "ProcessingJobStatus": "Completed",
        "CreationTime": FIRST,
        "ProcessingStartTime": text("09-02", 1),
        "ProcessingEndTime": text("09-02", 2),
        "ProcessingInputs": [{"S3Input": {"S3Uri": "s3://weights/rank/v1/model.tar.gz"}}],
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2}
        },
    }
    preparation = {
        **evaluation,
        "ProcessingJobArn": f"{BASE}processing-job/prepare",
        "ProcessingInputs": [{"S3Input": {"S3Uri": "s3://weights/rank"}}],
    }
    batch = {
        "TransformJobName": "score",
        "TransformJobArn": f"{BASE}transform-job/score",
        "TransformJobStatus": "Completed",
        "CreationTime": FIRST,
        "TransformStartTime": text("09-03", 1),
        "TransformEndTime": text("09-03", 4),
        "ModelName": "m1",
        "TransformResources": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
    }
    found, catalogue = told(
        snapshot(
            "09-05",
            packages=[package(1)],
            models=V1,
            processing_jobs=[evaluation, preparation],
            transform_jobs=[batch],
        )
    )
    table = registry_tables(catalogue, "2026-09")["core_registry__runs"]
    assert {
        row["resource_key"]: (row["model_version"], row["component"]) for row in table.to_dicts()
    } == {
        "processing-job/judge": ("(experiments)", "training"),
        "transform-job/score": ("1", "inference"),
    }
    assert {name: (run.billable_seconds, run.instances) for name, run in runs(found).items()} == {
        "judge": (3600, 2),
        "score": (10800, 1),
    }


def test_how_much_data_capture_keeps_is_dated():
    def captured(percentage, **more):
        capture = {"EnableCapture": True, "InitialSamplingPercentage": percentage}
        return config(variant("m1"), DataCaptureConfig=capture, **more)

    facts = facts_of(
        [
            snapshot("09-05", endpoints=[endpoint(captured(100))]),
            snapshot(
                "09-08",
                endpoints=[
                    endpoint(captured(10, name="c2"), modified=text("09-07", 6)),
                    endpoint(config(variant("m1")), "off"),
                ],
            ),
        ]
    )
    rates = merge(Catalogue(), [facts]).captured
    assert rates == [
        CaptureRate("off", 0, at("08-01"), FOREVER),
        CaptureRate("Rank", 100, at("08-01"), at("09-07", 6)),
        CaptureRate("Rank", 10, at("09-07", 6), FOREVER),
    ]
    assert sampled(rates, (at("09-08"), at("10-01"))) == ({"sample_rate": "0.1"}, "")
    told, problem = sampled(rates, (at("09-01"), at("10-01")))
    assert told == {}
    assert "different shares of their calls (Rank 10/100 %)" in problem
    assert sampled([], (at("09-01"), at("10-01"))) == ({}, "")
