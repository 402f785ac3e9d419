"""Asks Bedrock for custom and imported models, jobs, profiles and provisioned throughput.

Only lists, descriptions and tags are read; training data, hyperparameters and roles are not kept.
Foundation models and the profiles Bedrock defines itself are not asked for: their ids say it all.
"""

from typing import Any

from assets.registries.aws import Connect, Item, Region, Shape, asked, client, pruned, tags_of
from pipelines.registry.snapshots import Snapshot
from pipelines.settings import RegistrySource

CUSTOM_MODEL: Shape = {
    "modelArn": None,
    "modelName": None,
    "jobArn": None,
    "baseModelArn": None,
    "customizationType": None,
    "creationTime": None,
    "modelStatus": None,
    "outputDataConfig": {"s3Uri": None},
}

CUSTOMIZATION_JOB: Shape = {
    "jobArn": None,
    "jobName": None,
    "outputModelName": None,
    "outputModelArn": None,
    "customModelName": None,
    "customModelArn": None,
    "status": None,
    "statusDetails": {"trainingDetails": {"creationTime": None, "lastModifiedTime": None}},
    "creationTime": None,
    "lastModifiedTime": None,
    "endTime": None,
    "baseModelArn": None,
    "customizationType": None,
}

PROFILE: Shape = {
    "inferenceProfileName": None,
    "inferenceProfileArn": None,
    "inferenceProfileId": None,
    "models": {"modelArn": None},
    "createdAt": None,
    "updatedAt": None,
    "type": None,
    "status": None,
}

PROVISIONED: Shape = {
    "provisionedModelName": None,
    "provisionedModelArn": None,
    "modelArn": None,
    "desiredModelArn": None,
    "foundationModelArn": None,
    "modelUnits": None,
    "desiredModelUnits": None,
    "status": None,
    "commitmentDuration": None,
    "commitmentExpirationTime": None,
    "creationTime": None,
    "lastModifiedTime": None,
}

DEPLOYMENT: Shape = {
    "customModelDeploymentArn": None,
    "modelDeploymentName": None,
    "customModelDeploymentName": None,
    "modelArn": None,
    "createdAt": None,
    "lastUpdatedAt": None,
    "status": None,
}

IMPORTED_MODEL: Shape = {
    "modelArn": None,
    "modelName": None,
    "jobArn": None,
    "modelDataSource": {"s3DataSource": {"s3Uri": None}},
    "creationTime": None,
    "modelArchitecture": None,
    "customModelUnits": {"customModelUnitsPerModelCopy": None, "customModelUnitsVersion": None},
}


def collect(
    source: RegistrySource, last: Snapshot | None = None, connect: Connect = client
) -> dict[str, Any]:
    """What Bedrock answers in every region of the source.

    Raises:
        RegistryUnreachable: a region does not answer, or refused every call.
    """

    def of_region(region: Region, before: Item) -> Item:
        found = {
            "custom_models": _listed(
                region,
                before.get("custom_models"),
                ("list_custom_models", "modelSummaries", "modelArn"),
                ("get_custom_model", "modelIdentifier", "modelArn"),
                CUSTOM_MODEL,
            ),
            "customization_jobs": _listed(
                region,
                before.get("customization_jobs"),
                ("list_model_customization_jobs", "modelCustomizationJobSummaries", "jobArn"),
                ("get_model_customization_job", "jobIdentifier", "jobName"),
                CUSTOMIZATION_JOB,
            ),
            "profiles": _listed(
                region,
                before.get("profiles"),
                ("list_inference_profiles", "inferenceProfileSummaries", "inferenceProfileArn"),
                None,
                PROFILE,
                typeEquals="APPLICATION",
            ),
            "provisioned": _listed(
                region,
                before.get("provisioned"),
                (
                    "list_provisioned_model_throughputs",
                    "provisionedModelSummaries",
                    "provisionedModelArn",
                ),
                None,
                PROVISIONED,
            ),
            "deployments": _listed(
                region,
                before.get("deployments"),
                (
                    "list_custom_model_deployments",
                    "modelDeploymentSummaries",
                    "customModelDeploymentArn",
                ),
                None,
                DEPLOYMENT,
            ),
            "imported_models": _listed(
                region,
                before.get("imported_models"),
                ("list_imported_models", "modelSummaries", "modelArn"),
                ("get_imported_model", "modelIdentifier", "modelArn"),
                IMPORTED_MODEL,
            ),
        }
        return {name: items for name, items in found.items() if items is not None}

    return asked(source, "bedrock", connect, of_region, last)


def _listed(
    region: Region,
    before: list[Item] | None,
    listing: tuple[str, str, str],
    describing: tuple[str, str, str] | None,
    shape: Shape,
    **asked_for: Any,
) -> list[Item] | None:
    """Every item of a list, with its description where the list tells too little, and its tags.

    A finished job and a model do not change: they are taken from the last snapshot.
    """
    call, key, arn_key = listing
    listed = region.pages(call, key, **asked_for)
    if listed is None:
        return None
    known = {item[arn_key]: item for item in before or []}
    found = []
    for summary in listed:
        arn = summary[arn_key]
        answer: Item | None = summary
        if describing is not None:
            describe, parameter, told_by = describing
            if arn in known and _is_settled(known[arn], pruned(summary, None)):
                found.append(known[arn])
                continue
            answer = region.one(describe, **{parameter: summary[told_by]})
            if answer is None and region.is_refused(describe):
                answer = known.get(arn) or summary
            elif answer is None:
                continue
            # the list and the description may write one ARN differently: the list's counts
            answer = {**(answer or {}), arn_key: arn}
        item = pruned(answer, shape)
        told = region.one("list_tags_for_resource", resourceARN=arn) or {}
        item["tags"] = tags_of(told.get("tags", []))
        found.append(item)
    return sorted(found, key=lambda item: str(item[arn_key]))


def _is_settled(old: Item, listed: Item) -> bool:
    ended = {"Completed", "Failed", "Stopped"}
    return old.get("status") in ended and old["status"] == listed.get("status")
