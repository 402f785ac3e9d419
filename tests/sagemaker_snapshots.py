"""SageMaker's answers as its collector keeps them: what matters is given, the rest is plausible."""

from datetime import datetime

from pipelines.registry.snapshots import Snapshot

BASE = "arn:aws:sagemaker:us-east-1:123456789012:"
FIRST = "2026-08-01T00:00:00Z"


def at(day: str, hour: int = 0) -> datetime:
    return datetime.fromisoformat(f"2026-{day}").replace(hour=hour)


def text(day: str, hour: int = 0) -> str:
    return f"2026-{day}T{hour:02}:00:00Z"


def snapshot(day: str, region: str = "us-east-1", missing=(), hour: int = 0, **answers) -> Snapshot:
    items = {"regions": {region: answers}, "missing": list(missing)}
    return Snapshot("aws", "sagemaker", at(day, hour), items)


def package(version: int, group: str = "rank", approval: str = "Approved", **more) -> dict:
    return {
        "ModelPackageGroupName": group,
        "ModelPackageVersion": version,
        "ModelPackageArn": f"{BASE}model-package/{group}/{version}",
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": approval,
        "CreationTime": text(f"07-{version:02}"),
        "InferenceSpecification": {
            "Containers": [{"ModelDataUrl": f"s3://weights/{group}/v{version}/model.tar.gz"}]
        },
        **more,
    }


def job(name: str, status: str = "Completed", instances: int = 1, **more) -> dict:
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"{BASE}training-job/{name}",
        "TrainingJobStatus": status,
        "CreationTime": text("09-01", 0),
        "TrainingStartTime": text("09-01", 1),
        "TrainingEndTime": text("09-01", 3),
        "LastModifiedTime": text("09-01", 3),
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": instances},
        "BillableTimeInSeconds": 7200,
        **more,
    }


def model(name: str, version: int | None = None, url: str = "", **more) -> dict:
    container = {"ModelDataUrl": url} if url else {}
    if version is not None:
        container["ModelPackageName"] = f"{BASE}model-package/rank/{version}"
    return {
        "ModelName": name,
        "ModelArn": f"{BASE}model/{name}",
        "CreationTime": FIRST,
        "PrimaryContainer": container,
        **more,
    }


def variant(model_name: str, name: str = "all", instances: int = 1, weight: float = 1.0) -> dict:
    return {
        "VariantName": name,
        "ModelName": model_name,
        "InitialInstanceCount": instances,
        "InitialVariantWeight": weight,
        "InstanceType": "ml.g5.xlarge",
    }


def config(*variants: dict, name: str = "c1", created: str = FIRST, shadows=(), **more) -> dict:
    return {
        "EndpointConfigName": name,
        "CreationTime": created,
        "ProductionVariants": list(variants),
        "ShadowProductionVariants": list(shadows),
        **more,
    }


def endpoint(conf: dict | None, name: str = "Rank", modified: str = FIRST, **more) -> dict:
    counted = {key: [] for key in ("ProductionVariants", "ShadowProductionVariants")}
    return {
        "EndpointName": name,
        "EndpointArn": f"{BASE}endpoint/{name.lower()}",
        "EndpointStatus": "InService",
        "CreationTime": FIRST,
        "LastModifiedTime": modified,
        **counted,
        **({"Config": conf, "EndpointConfigName": conf["EndpointConfigName"]} if conf else {}),
        **more,
    }


def component(name: str, model_name: str, copies: int = 1, gpus: int = 1, **more) -> dict:
    return {
        "InferenceComponentName": name,
        "EndpointName": "shared",
        "VariantName": "all",
        "InferenceComponentStatus": "InService",
        "Specification": {
            "ModelName": model_name,
            "ComputeResourceRequirements": {"NumberOfAcceleratorDevicesRequired": float(gpus)},
        },
        "RuntimeConfig": {"CurrentCopyCount": copies},
        "CreationTime": FIRST,
        "LastModifiedTime": FIRST,
        **more,
    }
