"""What of SageMaker's answers a snapshot keeps: identities, times, money's quantities, links.

Environment variables, hyperparameters and roles are never kept: they may hold secrets.
"""

from assets.registries.aws import Shape

_CONTAINER: Shape = {
    "ContainerHostname": None,
    "ModelDataUrl": None,
    "ModelDataSource": {"S3DataSource": {"S3Uri": None}},
    "AdditionalModelDataSources": {"ChannelName": None, "S3DataSource": {"S3Uri": None}},
    "ModelPackageName": None,
    "Mode": None,
}

PACKAGE: Shape = {
    "ModelPackageGroupName": None,
    "ModelPackageVersion": None,
    "ModelPackageArn": None,
    "ModelPackageStatus": None,
    "ModelApprovalStatus": None,
    "ModelLifeCycle": {"Stage": None, "StageStatus": None},
    "CreationTime": None,
    "LastModifiedTime": None,
    "InferenceSpecification": {"Containers": _CONTAINER},
    "MetadataProperties": {"CommitId": None, "GeneratedBy": None},
    "SourceUri": None,
}

TRAINING_JOB: Shape = {
    "TrainingJobName": None,
    "TrainingJobArn": None,
    "TrainingJobStatus": None,
    "TuningJobArn": None,
    "AutoMLJobArn": None,
    "CreationTime": None,
    "TrainingStartTime": None,
    "TrainingEndTime": None,
    "LastModifiedTime": None,
    "TrainingTimeInSeconds": None,
    "BillableTimeInSeconds": None,
    "BillableTokenCount": None,
    "EnableManagedSpotTraining": None,
    "ResourceConfig": {
        "InstanceType": None,
        "InstanceCount": None,
        "SelectedInstanceType": None,
        "SelectedInstanceCount": None,
        "InstanceGroups": {"InstanceType": None, "InstanceCount": None},
        "VolumeSizeInGB": None,
        "KeepAlivePeriodInSeconds": None,
        "TrainingPlanArn": None,
    },
    "WarmPoolStatus": {"Status": None, "ResourceRetainedBillableTimeInSeconds": None},
    "ModelArtifacts": {"S3ModelArtifacts": None},
    "OutputModelPackageArn": None,
    "ModelPackageConfig": {"ModelPackageGroupArn": None, "SourceModelPackageArn": None},
    "ServerlessJobConfig": {"BaseModelArn": None, "JobType": None},
    "MlflowDetails": {"MlflowExperimentId": None, "MlflowRunId": None},
}

PROCESSING_JOB: Shape = {
    "ProcessingJobName": None,
    "ProcessingJobArn": None,
    "ProcessingJobStatus": None,
    "CreationTime": None,
    "ProcessingStartTime": None,
    "ProcessingEndTime": None,
    "LastModifiedTime": None,
    "TrainingJobArn": None,
    "ProcessingInputs": {"S3Input": {"S3Uri": None}},
    "ProcessingResources": {
        "ClusterConfig": {
            "InstanceType": None,
            "InstanceCount": None,
            "SelectedInstanceType": None,
            "SelectedInstanceCount": None,
        }
    },
}

TRANSFORM_JOB: Shape = {
    "TransformJobName": None,
    "TransformJobArn": None,
    "TransformJobStatus": None,
    "CreationTime": None,
    "TransformStartTime": None,
    "TransformEndTime": None,
    "LastModifiedTime": None,
    "ModelName": None,
    "TransformResources": {"InstanceType": None, "InstanceCount": None},
}

_VARIANTS: Shape = {
    "VariantName": None,
    "CurrentInstanceCount": None,
    "CurrentWeight": None,
}

ENDPOINT: Shape = {
    "EndpointName": None,
    "EndpointArn": None,
    "EndpointStatus": None,
    "EndpointConfigName": None,
    "CreationTime": None,
    "LastModifiedTime": None,
    "ProductionVariants": _VARIANTS,
    "ShadowProductionVariants": _VARIANTS,
    "PendingDeploymentSummary": {"EndpointConfigName": None, "StartTime": None},
    "DataCaptureConfig": {"EnableCapture": None, "CurrentSamplingPercentage": None},
}

_CONFIG_VARIANTS: Shape = {
    "VariantName": None,
    "ModelName": None,
    "InitialInstanceCount": None,
    "InitialVariantWeight": None,
    "InstanceType": None,
}

ENDPOINT_CONFIG: Shape = {
    "EndpointConfigName": None,
    "CreationTime": None,
    "ProductionVariants": _CONFIG_VARIANTS,
    "ShadowProductionVariants": _CONFIG_VARIANTS,
    "DataCaptureConfig": {
        "EnableCapture": None,
        "InitialSamplingPercentage": None,
        "DestinationS3Uri": None,
    },
}

MODEL: Shape = {
    "ModelName": None,
    "ModelArn": None,
    "CreationTime": None,
    "PrimaryContainer": _CONTAINER,
    "Containers": _CONTAINER,
}

_SPECIFICATION: Shape = {
    "ModelName": None,
    "InstanceType": None,
    "Container": {"ArtifactUrl": None},
    "BaseInferenceComponentName": None,
    "ComputeResourceRequirements": {
        "NumberOfCpuCoresRequired": None,
        "NumberOfAcceleratorDevicesRequired": None,
        "MinMemoryRequiredInMb": None,
    },
}

COMPONENT: Shape = {
    "InferenceComponentName": None,
    "InferenceComponentArn": None,
    "InferenceComponentStatus": None,
    "EndpointName": None,
    "VariantName": None,
    "Specification": _SPECIFICATION,
    "Specifications": _SPECIFICATION,
    "RuntimeConfig": {"DesiredCopyCount": None, "CurrentCopyCount": None},
    "CreationTime": None,
    "LastModifiedTime": None,
}
