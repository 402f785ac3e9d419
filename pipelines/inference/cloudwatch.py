"""CloudWatch's metrics of SageMaker endpoints: how often each variant was called, how busy it was.

Belongs here: answers of GetMetricData and lines of a metric stream, and which figures count.

An answer of GetMetricData names its series by an Id alone. What the Id means is in the request:
keep it in the same document (`{"MetricDataQueries": [...], "MetricDataResults": [...]}`) or as a
file in the same folder, as given to `aws cloudwatch get-metric-data --metric-data-queries
file://...`. A metric stream (JSON) says it in each line.

- AWS/SageMaker `Invocations` by EndpointName and VariantName, statistic Sum: requests.
- /aws/sagemaker/Endpoints `GPUUtilization` by the same, statistic Sum: per cent of one GPU added
  over GPUs, instances and minutes, so that 1 % in Sum is 600 ms of GPU time. An average says
  nothing without the number of instances and is a reject. Published once a minute (from memory:
  endpoints with detailed metrics publish more often, and their sums would be too high).
- ModelLatency is the time a container took, waiting and overlap included: no GPU time, not read.

`model` is `endpoint/variant` and `resource_id` `endpoint/NAME`, as in SageMaker's data capture.
Each figure is a record of grain `bucket` over its period.
"""

from typing import Final

from pipelines.inference.formats import LogFormat
from pipelines.queries import query

_STAT: Final = {
    "Metric": {
        "Namespace": "VARCHAR",
        "MetricName": "VARCHAR",
        "Dimensions": [{"Name": "VARCHAR", "Value": "VARCHAR"}],
    },
    "Period": "VARCHAR",
    "Stat": "VARCHAR",
}

FORMAT = LogFormat(
    "cloudwatch",
    "bucket",
    {
        "MetricDataQueries": [{"Id": "VARCHAR", "AccountId": "VARCHAR", "MetricStat": _STAT}],
        "MetricDataResults": [{"Id": "VARCHAR", "Timestamps": ["VARCHAR"], "Values": ["VARCHAR"]}],
        "Id": "VARCHAR",
        "AccountId": "VARCHAR",
        "MetricStat": _STAT,
        "account_id": "VARCHAR",
        "region": "VARCHAR",
        "namespace": "VARCHAR",
        "metric_name": "VARCHAR",
        "dimensions": "MAP(VARCHAR, VARCHAR)",
        "timestamp": "VARCHAR",
        "value": {"sum": "VARCHAR"},
    },
    lambda con: query(con, "inference/cloudwatch/records"),
    unit="source",
    has_documents=True,
    sums_lines=True,
)
