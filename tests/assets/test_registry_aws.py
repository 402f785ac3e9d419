"""SageMaker and Bedrock are asked: against moto where it answers, by checked shapes elsewhere."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.stub import Stubber

from assets.registries import bedrock, sagemaker
from assets.registries.aws import client
from pipelines.errors import RegistryUnreachable
from pipelines.registry.snapshots import Snapshot, parse_snapshot, snapshot_text
from pipelines.registry.sources.registered import facts_of
from pipelines.settings import RegistrySource, Storage

AT = datetime(2026, 9, 1, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/ml"
NOT_IN_MOTO = {
    "ListInferenceComponents": {"InferenceComponents": []},
    "ListInferenceProfiles": {"inferenceProfileSummaries": []},
    "ListProvisionedModelThroughputs": {"provisionedModelSummaries": []},
    "ListCustomModelDeployments": {"modelDeploymentSummaries": []},
    "ListImportedModels": {"modelSummaries": []},
}


def source(kind="sagemaker", **settings):
    return RegistrySource(name="aws", kind=kind, **{"region": "eu-west-1", **settings})


def answering(answers, code=200):
    return lambda **_: (SimpleNamespace(status_code=code), answers)


def refused(action):
    error = {"Code": "AccessDeniedException", "Message": f"not authorized to perform: {action}"}
    return answering({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}, code=400)


def connected(refuse=(), page_size=None, seen: list | None = None) -> Callable:
    """Clients of moto's server; what it lacks is answered empty, what `refuse` names is refused."""

    def connect(of, service, region):
        made = client(of, service, region)
        events = made.meta.events
        for operation, answer in NOT_IN_MOTO.items():
            events.register(f"before-call.{service}.{operation}", answering(answer))
        for operation in refuse:
            events.register_first(f"before-call.{service}.{operation}", refused(operation))
        if page_size:
            for kind in ("TrainingJobs", "Endpoints", "ModelPackageGroups", "ModelPackages"):
                events.register(
                    f"before-parameter-build.{service}.List{kind}",
                    lambda params, **_: params.update(MaxResults=page_size),
                )
        if seen is not None:
            events.register(
                f"before-call.{service}",
                lambda model, **_: seen.append(model.name),
            )
        return made

    return connect


class Stubbed:
    """One stubbed client; botocore checks each answer against the service's own shapes."""

    def __init__(self, service):
        self.client = client(source(service), service, "eu-west-1")
        self.stub = Stubber(self.client)

    def answers(self, call, answer, **expected):
        self.stub.add_response(call, answer, expected or None)
        return self

    def refuses(self, call):
        self.stub.add_client_error(call, "AccessDeniedException", "no", 400)
        return self

    def connect(self, *_):
        self.stub.activate()
        return self.client


@pytest.fixture
def aws(lake_endpoint) -> Callable:
    """A source of moto's server in a region of its own."""

    def of(kind, region, **settings):
        return source(kind, region=region, storage=Storage(endpoint_url=lake_endpoint), **settings)

    return of


@pytest.fixture(autouse=True)
def _credentials(lake_endpoint):
    """Every client needs some, the stubbed ones too."""


def register_rank(made):
    made.create_model_package_group(ModelPackageGroupName="rank")
    made.create_model_package_group(ModelPackageGroupName="risk")
    for n in (1, 2, 3):
        made.create_model_package(
            ModelPackageGroupName="rank",
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [
                    {
                        "Image": "1.dkr.ecr.eu-west-1.amazonaws.com/rank:1",
                        "ModelDataUrl": f"s3://weights/rank/v{n}/model.tar.gz",
                        "Environment": {"TOKEN": "secret"},
                    }
                ],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        )


def train(made, name):
    made.create_training_job(
        TrainingJobName=name,
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        HyperParameters={"api_key": "secret"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/"}},
            }
        ],
        OutputDataConfig={"S3OutputPath": "s3://weights/rank"},
        ResourceConfig={
            "InstanceType": "ml.p3.2xlarge", "InstanceCount": 2, "VolumeSizeInGB": 10,
        },
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        Tags=[{"Key": "model", "Value": "rank"}, {"Key": "aws:internal", "Value": "x"}],
    )  # fmt: skip


def serve(made, endpoint, **models):
    for name, package in models.items():
        made.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"ModelPackageName": package, "Environment": {"TOKEN": "secret"}},
        )
    made.create_endpoint_config(
        EndpointConfigName=f"{endpoint}-config",
        ProductionVariants=[
            {
                "VariantName": name,
                "ModelName": name,
                "InitialInstanceCount": n,
                "InstanceType": "ml.g4dn.xlarge",
                "InitialVariantWeight": 0.5,
            }
            for n, name in enumerate(models, 1)
        ],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 20,
            "DestinationS3Uri": "s3://captured/",
            "CaptureOptions": [{"CaptureMode": "Output"}],
        },
    )
    made.create_endpoint(EndpointName=endpoint, EndpointConfigName=f"{endpoint}-config")


def snapshot_of(items, kind="sagemaker"):
    """As it comes back from its file."""
    taken = Snapshot("aws", kind, datetime(2026, 9, 30), items)
    return parse_snapshot(snapshot_text(taken), "file")


def test_sagemaker_is_asked_page_by_page_for_packages_jobs_endpoints_and_their_models(aws):
    of = aws("sagemaker", "eu-west-1")
    made = client(of, "sagemaker", "eu-west-1")
    register_rank(made)
    for n in range(5):
        train(made, f"rank-{n}")
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/rank"
    serve(made, "Rank-EU", blue=f"{arn}/1", green=f"{arn}/2")

    items = sagemaker.collect(of, None, connected(page_size=2))

    assert items["missing"] == []
    found = items["regions"]["eu-west-1"]
    assert [p["ModelPackageArn"] for p in found["packages"]] == [f"{arn}/{n}" for n in (1, 2, 3)]
    assert [j["TrainingJobName"] for j in found["training_jobs"]] == [f"rank-{n}" for n in range(5)]
    assert found["training_jobs"][0]["Tags"] == {"model": "rank"}
    assert found["training_jobs"][0]["ResourceConfig"]["InstanceCount"] == 2
    (endpoint,) = found["endpoints"]
    assert endpoint["EndpointName"] == "Rank-EU"
    assert [v["InitialInstanceCount"] for v in endpoint["Config"]["ProductionVariants"]] == [1, 2]
    assert endpoint["Config"]["DataCaptureConfig"]["InitialSamplingPercentage"] == 20
    assert [m["PrimaryContainer"]["ModelPackageName"] for m in found["models"]] == [
        f"{arn}/1",
        f"{arn}/2",
    ]
    assert "secret" not in json.dumps(items)
    kept = snapshot_of(items)
    assert kept.items == items

    facts = facts_of([kept])
    assert facts.warnings == []
    assert [(d.model, d.version, d.replicas, d.names, d.replaces) for d in facts.deployments] == [
        ("rank", "1", 1, ["Rank-EU/blue"], None),
        ("rank", "2", 2, ["Rank-EU/green"], "1"),
    ]
    assert {(run.model, run.version, run.instances) for run in facts.runs} == {("rank", None, 2)}


def test_only_the_groups_that_the_source_names_are_asked_for(aws):
    of = aws("sagemaker", "eu-west-2", models=["ri*"])
    register_rank(client(of, "sagemaker", "eu-west-2"))
    items = sagemaker.collect(of, None, connected())
    assert items["regions"]["eu-west-2"]["packages"] == []


def test_what_cannot_change_is_not_described_again(aws):
    of = aws("sagemaker", "eu-west-3")
    made = client(of, "sagemaker", "eu-west-3")
    register_rank(made)
    train(made, "rank-1")
    first = sagemaker.collect(of, None, connected())
    train(made, "rank-2")
    asked: list[str] = []
    second = sagemaker.collect(of, snapshot_of(first), connected(seen=asked))
    assert asked.count("DescribeTrainingJob") == 1
    assert asked.count("DescribeModelPackage") == 0
    jobs = second["regions"]["eu-west-3"]["training_jobs"]
    assert jobs[0] == first["regions"]["eu-west-3"]["training_jobs"][0]
    assert [job["TrainingJobName"] for job in jobs] == ["rank-1", "rank-2"]
    assert second == sagemaker.collect(of, snapshot_of(second), connected())


def test_a_refused_action_is_named_and_the_rest_is_still_collected(aws):
    of = aws("sagemaker", "us-west-1", regions=["us-west-2"])
    train(client(of, "sagemaker", "us-west-2"), "rank-1")
    items = sagemaker.collect(of, None, connected(refuse=["ListEndpoints", "DescribeTrainingJob"]))
    assert items["missing"] == [
        {"region": "us-west-1", "action": "sagemaker:ListEndpoints", "why": "refused"},
        {"region": "us-west-2", "action": "sagemaker:DescribeTrainingJob", "why": "refused"},
        {"region": "us-west-2", "action": "sagemaker:ListEndpoints", "why": "refused"},
    ]
    assert list(items["regions"]) == ["us-west-1", "us-west-2"]
    assert "endpoints" not in items["regions"]["us-west-1"]
    (job,) = items["regions"]["us-west-2"]["training_jobs"]
    assert (job["TrainingJobName"], "ResourceConfig" in job) == ("rank-1", False)


def test_a_registry_that_refuses_everything_is_an_error_with_the_actions_it_needs():
    stubbed = Stubbed("bedrock")
    lists = (
        "list_custom_models",
        "list_model_customization_jobs",
        "list_inference_profiles",
        "list_provisioned_model_throughputs",
        "list_custom_model_deployments",
        "list_imported_models",
    )
    for call in lists:
        stubbed.refuses(call)
    with pytest.raises(RegistryUnreachable) as caught:
        bedrock.collect(source("bedrock"), None, stubbed.connect)
    assert "every call was refused; it needs bedrock:ListCustomModelDeployments, " in str(
        caught.value
    )


def test_expired_credentials_are_an_error_and_no_snapshot_of_nothing():
    stubbed = Stubbed("sagemaker")
    stubbed.stub.add_client_error(
        "list_model_package_groups", "ExpiredTokenException", "The token has expired", 403
    )
    with pytest.raises(RegistryUnreachable) as caught:
        sagemaker.collect(source(), None, stubbed.connect)
    assert "sagemaker:ListModelPackageGroups in eu-west-1: ExpiredTokenException" in str(
        caught.value
    )


def test_a_place_that_cannot_be_reached_is_an_error():
    nowhere = source(storage=Storage(endpoint_url="http://127.0.0.1:1"))

    def once(of, service, region):
        single = Config(retries={"total_max_attempts": 1})
        return boto3.client(
            service, region_name=region, endpoint_url=of.storage.endpoint_url, config=single
        )

    with pytest.raises(RegistryUnreachable, match="sagemaker in eu-west-1: Could not connect"):
        sagemaker.collect(nowhere, None, once)
    with pytest.raises(RegistryUnreachable, match=r"profile \(nobody\) could not be found"):
        sagemaker.collect(source(profile="nobody"))


class Body(io.BytesIO):
    def stream(self, **_):
        yield self.read()


def test_a_throttled_call_is_asked_again(aws):
    of = aws("sagemaker", "ca-central-1")
    left = [1]

    def throttle(request, **_):
        if not left.pop() if left else True:
            return None
        body = Body(b'{"__type": "ThrottlingException", "message": "Rate exceeded"}')
        return AWSResponse(request.url, 400, {"Content-Type": "application/x-amz-json-1.1"}, body)

    def connect(*asked):
        made = connected()(*asked)
        made.meta.events.register("before-send.sagemaker.ListTrainingJobs", throttle)
        return made

    items = sagemaker.collect(of, None, connect)
    assert left == []
    assert items["regions"]["ca-central-1"]["training_jobs"] == []


def test_what_a_job_cost_and_what_a_component_holds_are_kept():
    job = "arn:aws:sagemaker:eu-west-1:1:training-job/rank-7"
    component = {
        "InferenceComponentName": "rank-7-lora",
        "InferenceComponentArn": "arn:aws:sagemaker:eu-west-1:1:inference-component/rank-7-lora",
        "EndpointName": "shared",
        "EndpointArn": "arn:aws:sagemaker:eu-west-1:1:endpoint/shared",
        "VariantName": "all",
        "CreationTime": AT,
        "LastModifiedTime": AT,
    }
    since = datetime(2026, 8, 1, tzinfo=UTC)
    stubbed = (
        Stubbed("sagemaker")
        .answers("list_model_package_groups", {"ModelPackageGroupSummaryList": []})
        .answers(
            "list_training_jobs",
            {"TrainingJobSummaries": [], "NextToken": "more"},
            CreationTimeAfter=since,
        )
        .answers(
            "list_training_jobs",
            {
                "TrainingJobSummaries": [
                    {
                        "TrainingJobName": "rank-7",
                        "TrainingJobArn": job,
                        "CreationTime": AT,
                        "TrainingJobStatus": "Completed",
                    }
                ]
            },
            CreationTimeAfter=since,
            NextToken="more",
        )
        .answers(
            "describe_training_job",
            {
                "TrainingJobName": "rank-7",
                "TrainingJobArn": job,
                "ModelArtifacts": {"S3ModelArtifacts": "s3://weights/rank/v7/model.tar.gz"},
                "TrainingJobStatus": "Completed",
                "SecondaryStatus": "Completed",
                "ResourceConfig": {
                    "VolumeSizeInGB": 1,
                    "InstanceGroups": [
                        {
                            "InstanceType": "ml.p4d.24xlarge",
                            "InstanceCount": 2,
                            "InstanceGroupName": "g",
                        }
                    ],
                },
                "StoppingCondition": {},
                "CreationTime": AT,
                "EnableManagedSpotTraining": True,
                "TrainingTimeInSeconds": 7200,
                "BillableTimeInSeconds": 2400,
                "WarmPoolStatus": {
                    "Status": "Terminated",
                    "ResourceRetainedBillableTimeInSeconds": 60,
                },
                "TuningJobArn": "arn:aws:sagemaker:eu-west-1:1:hyper-parameter-tuning-job/sweep",
                "OutputModelPackageArn": "arn:aws:sagemaker:eu-west-1:1:model-package/rank/7",
                "HyperParameters": {"lr": "1"},
            },
            TrainingJobName="rank-7",
        )
        .answers("list_tags", {"Tags": []}, ResourceArn=job)
        .answers("list_processing_jobs", {"ProcessingJobSummaries": []}, CreationTimeAfter=since)
        .answers("list_transform_jobs", {"TransformJobSummaries": []}, CreationTimeAfter=since)
        .answers("list_endpoints", {"Endpoints": []})
        .answers(
            "list_inference_components",
            {"InferenceComponents": [{**component, "InferenceComponentStatus": "InService"}]},
        )
        .answers(
            "describe_inference_component",
            {
                **component,
                "InferenceComponentStatus": "InService",
                "Specification": {
                    "BaseInferenceComponentName": "base",
                    "Container": {"ArtifactUrl": "s3://adapters/7", "Environment": {"T": "secret"}},
                    "ComputeResourceRequirements": {
                        "NumberOfAcceleratorDevicesRequired": 2.0,
                        "MinMemoryRequiredInMb": 1024,
                    },
                },
                "RuntimeConfig": {"DesiredCopyCount": 4, "CurrentCopyCount": 3},
            },
            InferenceComponentName="rank-7-lora",
        )
    )
    of = source(since="2026-08-01T00:00:00Z")
    items = sagemaker.collect(of, None, stubbed.connect)
    found = items["regions"]["eu-west-1"]
    stubbed.stub.assert_no_pending_responses()
    (run,) = facts_of([snapshot_of(items)]).runs
    assert (run.version, run.billable_seconds, run.instances) == ("7", 2460, 2)
    (kept,) = found["training_jobs"]
    assert kept["BillableTimeInSeconds"] == 2400
    assert kept["ResourceConfig"]["InstanceGroups"] == [
        {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 2}
    ]
    assert kept["WarmPoolStatus"]["ResourceRetainedBillableTimeInSeconds"] == 60
    assert kept["CreationTime"] == "2026-09-01T00:00:00Z"
    assert "HyperParameters" not in kept
    (copies,) = found["components"]
    assert copies["RuntimeConfig"] == {"DesiredCopyCount": 4, "CurrentCopyCount": 3}
    assert copies["Specification"]["Container"] == {"ArtifactUrl": "s3://adapters/7"}


def test_bedrock_is_asked_for_custom_models_and_jobs(aws):
    of = aws("bedrock", "eu-west-1")
    made = client(of, "bedrock", "eu-west-1")
    for n in (1, 2, 3):
        made.create_model_customization_job(
            jobName=f"job-{n}",
            customModelName=f"support-{n}",
            roleArn=ROLE,
            baseModelIdentifier="amazon.nova-lite-v1:0",
            trainingDataConfig={"s3Uri": "s3://data/train"},
            outputDataConfig={"s3Uri": "s3://data/out"},
            hyperParameters={"epochs": "secret"},
            customModelTags=[{"key": "model", "value": "support"}],
        )
    items = bedrock.collect(of, None, connected())
    assert items["missing"] == []
    found = items["regions"]["eu-west-1"]
    assert [j["jobName"] for j in found["customization_jobs"]] == ["job-1", "job-2", "job-3"]
    assert {m["modelName"] for m in found["custom_models"]} == {
        "support-1",
        "support-2",
        "support-3",
    }
    assert "secret" not in json.dumps(items)
    kept = snapshot_of(items, "bedrock")
    assert bedrock.collect(of, kept, connected()) == items
    assert {(run.model, run.status) for run in facts_of([kept]).runs} == {
        ("support-1-job-1", "running"),
        ("support-2-job-2", "running"),
        ("support-3-job-3", "running"),
    }


def test_bedrocks_profiles_throughput_deployments_and_imported_models_are_kept():
    bedrock_arn = "arn:aws:bedrock:eu-west-1:1:"
    profile = {
        "inferenceProfileName": "search",
        "inferenceProfileArn": f"{bedrock_arn}application-inference-profile/p1",
        "inferenceProfileId": "p1",
        "models": [{"modelArn": "arn:aws:bedrock:eu-west-1::foundation-model/a.b-v1:0"}],
        "status": "ACTIVE",
        "type": "APPLICATION",
        "createdAt": AT,
    }
    provisioned = {
        "provisionedModelName": "units",
        "provisionedModelArn": f"{bedrock_arn}provisioned-model/u1",
        "modelArn": f"{bedrock_arn}custom-model/a.b-v1:0/c1",
        "desiredModelArn": f"{bedrock_arn}custom-model/a.b-v1:0/c1",
        "foundationModelArn": "arn:aws:bedrock:eu-west-1::foundation-model/a.b-v1:0",
        "modelUnits": 2,
        "desiredModelUnits": 2,
        "status": "InService",
        "commitmentDuration": "OneMonth",
        "commitmentExpirationTime": AT,
        "creationTime": AT,
        "lastModifiedTime": AT,
    }
    deployed = {
        "customModelDeploymentArn": f"{bedrock_arn}custom-model-deployment/d1",
        "customModelDeploymentName": "on-demand",
        "modelArn": f"{bedrock_arn}custom-model/a.b-v1:0/c1",
        "createdAt": AT,
        "status": "Active",
    }
    imported = {
        "modelArn": f"{bedrock_arn}imported-model/i1",
        "modelName": "qwen",
        "creationTime": AT,
    }
    tags = {"tags": [{"key": "team", "value": "search"}]}
    stubbed = (
        Stubbed("bedrock")
        .answers("list_custom_models", {"modelSummaries": []})
        .answers("list_model_customization_jobs", {"modelCustomizationJobSummaries": []})
        .answers(
            "list_inference_profiles",
            {"inferenceProfileSummaries": [profile]},
            typeEquals="APPLICATION",
        )
        .answers("list_tags_for_resource", tags, resourceARN=profile["inferenceProfileArn"])
        .answers(
            "list_provisioned_model_throughputs",
            {"provisionedModelSummaries": [provisioned], "nextToken": "more"},
        )
        .answers(
            "list_provisioned_model_throughputs",
            {"provisionedModelSummaries": []},
            nextToken="more",
        )
        .answers("list_tags_for_resource", tags)
        .answers("list_custom_model_deployments", {"modelDeploymentSummaries": [deployed]})
        .answers("list_tags_for_resource", tags)
        .answers("list_imported_models", {"modelSummaries": [imported]})
        .answers(
            "get_imported_model",
            {
                **imported,
                "modelDataSource": {"s3DataSource": {"s3Uri": "s3://weights/qwen"}},
                "customModelUnits": {"customModelUnitsPerModelCopy": 2},
            },
            modelIdentifier=imported["modelArn"],
        )
        .answers("list_tags_for_resource", tags)
    )
    items = bedrock.collect(source("bedrock"), None, stubbed.connect)
    stubbed.stub.assert_no_pending_responses()
    found = items["regions"]["eu-west-1"]
    assert found["profiles"][0]["models"] == profile["models"]
    assert found["profiles"][0]["tags"] == {"team": "search"}
    assert found["provisioned"][0]["modelUnits"] == 2
    assert found["provisioned"][0]["commitmentDuration"] == "OneMonth"
    assert found["deployments"][0]["createdAt"] == "2026-09-01T00:00:00Z"
    assert len(facts_of([snapshot_of(items, "bedrock")]).deployments) == 4
    assert found["imported_models"][0]["customModelUnits"] == {"customModelUnitsPerModelCopy": 2}
