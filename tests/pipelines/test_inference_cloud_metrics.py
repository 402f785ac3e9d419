"""What providers count themselves, by the interval: CloudWatch and Azure Monitor."""

import json
from datetime import datetime

from pipelines.inference.azure_monitor import FORMAT as AZURE_MONITOR
from pipelines.inference.cloudwatch import FORMAT as CLOUDWATCH
from tests.pipelines.inference_logs import read_logs, write_jsonl, write_text

HOUR = datetime(2026, 9, 1, 10)


def asked(id_, metric="Invocations", variant="v12", stat="Sum", period=3600, **more):
    namespace = "AWS/SageMaker" if metric != "GPUUtilization" else "/aws/sagemaker/Endpoints"
    dimensions = {"EndpointName": "rank", "VariantName": variant, **more}
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()],
            },
            "Period": period,
            "Stat": stat,
        },
    }


def answered(id_, *values, first="2026-09-01T10:00:00+00:00"):
    hours = [f"{first[:11]}{int(first[11:13]) + n:02}{first[13:]}" for n in range(len(values))]
    return {
        "Id": id_,
        "Label": "anything",
        "Timestamps": hours,
        "Values": list(values),
        "StatusCode": "Complete",
    }


def read(root, format_, **documents):
    paths = [
        write_text(root / f"{name.replace('__', '/')}.json", json.dumps(document, indent=4))
        for name, document in documents.items()
    ]
    return read_logs(root, *paths, format=format_)


def test_an_answer_of_cloudwatch_is_read_with_its_request(tmp_path):
    queries = [
        asked("m1"),
        asked("m2", "GPUUtilization"),
        asked("m3", "ModelLatency"),
        asked("m4", variant="v13"),
        asked("m5", ContainerName="pre"),
    ]
    found = read(
        tmp_path,
        CLOUDWATCH,
        day1__queries=queries,
        day1__answer={
            "MetricDataResults": [
                answered("m1", 120.0, 60.0),
                answered("m2", 3000.0),
                answered("m3", 9e9),
                answered("m4", 4.0),
                answered("m5", 120.0),
            ],
            "Messages": [],
        },
    )
    columns = ("hour", "model", "resource_id", "provider", "grain", "requests", "gpu_microseconds")
    next_hour = HOUR.replace(hour=11)
    assert found.usage.sort("hour", "model").select(columns).rows() == [
        # 3000 per cent and minutes are 30 minutes of one GPU.
        (HOUR, "rank/v12", "endpoint/rank", "aws", "bucket", 120, 1_800_000_000),
        (HOUR, "rank/v13", "endpoint/rank", "aws", "bucket", 4, None),
        (next_hour, "rank/v12", "endpoint/rank", "aws", "bucket", 60, None),
    ]
    assert found.bad_lines() == []


def test_what_was_asked_for_again_replaces_what_was_read_before(tmp_path):
    both = {"MetricDataQueries": [asked("m1")]}
    by_minute = {"MetricDataQueries": [asked("m1", period=60)]}
    found = read(
        tmp_path,
        CLOUDWATCH,
        a={**both, "MetricDataResults": [answered("m1", 10.0, 3.0)]},
        b={**both, "MetricDataResults": [answered("m1", 8.0, first="2026-09-01T11:00:00Z")]},
        c={**by_minute, "MetricDataResults": [answered("m1", 2.0)]},
    )
    assert found.usage.select("hour", "requests").rows() == [
        (HOUR, 10),
        (HOUR.replace(hour=11), 8),
    ]
    assert found.files["duplicates"].to_list() == [1, 0, 1]


def test_a_figure_that_cannot_be_added_up_or_is_of_nothing_known_is_a_reject(tmp_path):
    average = asked("m1", "GPUUtilization", stat="Average")
    naive = {"Id": "m1", "Timestamps": ["2026-09-01 10:00:00"], "Values": [1]}
    one = {"MetricDataQueries": [asked("m1")]}
    found = read(
        tmp_path,
        CLOUDWATCH,
        a={"MetricDataQueries": [average], "MetricDataResults": [answered("m1", 31.0)]},
        b={**one, "MetricDataResults": [answered("m1", -1.0)]},
        c={**one, "MetricDataResults": [answered("m1", "NaN")]},
        d={**one, "MetricDataResults": [naive]},
        e={**one, "MetricDataResults": [answered("m9", 5.0)]},
        q__one=[asked("m7")],
        q__two=[asked("m7", variant="v13")],
        q__answer={"MetricDataResults": [answered("m7", 5.0)]},
    )
    assert found.usage.is_empty()
    assert [(file, column, reason) for file, _, column, reason in found.bad_lines()] == [
        ("a.json", "value", "not the statistic Sum, which is the one that can be added up"),
        ("b.json", "value", "negative"),
        ("c.json", "value", "not a number"),
        ("d.json", "started_at", "not a time"),
        ("e.json", "(line)", "no request of this Id: keep MetricDataQueries beside the answer"),
        (
            "q/answer.json",
            "(line)",
            "several requests of this Id: keep each in the folder of its answers",
        ),
    ]


def test_a_metric_stream_says_of_each_line_what_it_is(tmp_path):
    line = {
        "metric_stream_name": "all",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "namespace": "AWS/SageMaker",
        "metric_name": "Invocations",
        "dimensions": {"EndpointName": "rank", "VariantName": "v12"},
        "timestamp": 1788256800000,
        "value": {"max": 1.0, "min": 1.0, "sum": 7.0, "count": 7.0},
        "unit": "None",
    }
    busy = {**line, "namespace": "/aws/sagemaker/Endpoints", "metric_name": "GPUUtilization"}
    path = write_jsonl(
        tmp_path / "stream.jsonl",
        [line, {**line, "timestamp": 1788256860000}, busy, {**line, "metric_name": "CPU"}, line],
    )
    found = read_logs(tmp_path, path, format=CLOUDWATCH)
    columns = ("hour", "account_id", "region", "model", "requests", "gpu_microseconds")
    assert found.usage.select(columns).rows() == [
        (HOUR, "123456789012", "eu-west-1", "rank/v12", 14, 4_200_000)
    ]
    assert found.files["duplicates"].to_list() == [1]


ACCOUNT = "/subscriptions/SUB-1/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/AI"


def metric(name, *parts, account=ACCOUNT):
    return {
        "id": f"{account}/providers/Microsoft.Insights/metrics/{name}",
        "name": {"value": name, "localizedValue": name},
        "unit": "Count",
        "errorCode": "Success",
        "timeseries": [
            {
                "metadatavalues": [
                    {"name": {"value": dimension, "localizedValue": dimension}, "value": text}
                    for dimension, text in dimensions.items()
                ],
                "data": [
                    {
                        "timeStamp": f"2026-09-01T{10 + n}:00:00Z",
                        **({} if v is None else {"total": v}),
                    }
                    for n, v in enumerate(values)
                ],
            }
            for dimensions, values in parts
        ],
    }


def answer(*metrics, interval="PT1H"):
    return {
        "cost": 59,
        "interval": interval,
        "namespace": "Microsoft.CognitiveServices/accounts",
        "resourceregion": "EastUS",
        "timespan": "a/b",
        "value": list(metrics),
    }


MINI = {"modeldeploymentname": "search", "modelname": "gpt-4o-mini", "modelversion": "2024-07-18"}


def test_azure_monitor_gives_requests_and_tokens_of_each_deployment(tmp_path):
    found = read(
        tmp_path,
        AZURE_MONITOR,
        a=answer(
            metric("ProcessedPromptTokens", (MINI, [1000.0, None, 50.0])),
            metric("GeneratedTokens", (MINI, [100.0])),
            metric(
                "AzureOpenAIRequests",
                ({**MINI, "statuscode": "200"}, [9.0]),
                ({**MINI, "statuscode": "429"}, [2.0]),
            ),
            metric("AzureOpenAITimeToResponse", (MINI, [310.0])),
        ),
    )
    rows = found.usage.sort("hour", "status").select(
        "hour",
        "account_id",
        "region",
        "resource_id",
        "model",
        "model_version",
        "status",
        "requests",
        "input_tokens",
        "output_tokens",
    )
    of = ("sub-1", "eastus", ACCOUNT.lower(), "gpt-4o-mini", "2024-07-18")
    assert rows.rows() == [
        (HOUR, *of, "ok", 9, 1000, 100),
        (HOUR, *of, "throttled", 2, None, None),
        (HOUR.replace(hour=12), *of, "ok", 0, 50, None),
    ]
    assert found.bad_lines() == []


def test_of_several_breakdowns_and_names_of_the_same_figures_one_counts(tmp_path):
    found = read(
        tmp_path,
        AZURE_MONITOR,
        a=answer(metric("ProcessedPromptTokens", ({"modeldeploymentname": "search"}, [900.0]))),
        b=answer(metric("ProcessedPromptTokens", (MINI, [900.0]))),
        c=answer(
            metric("ProcessedPromptTokens", (MINI, [1000.0])),
            metric("InputTokens", (MINI, [1000.0])),
        ),
        d=answer(metric("ProcessedPromptTokens", (MINI, [30.0])), interval="PT1M"),
        e={"values": [answer(metric("GeneratedTokens", (MINI, [7.0])))]},
    )
    assert found.total("input_tokens") == 1000
    assert found.total("output_tokens") == 7
    assert found.files["duplicates"].to_list() == [1, 1, 1, 1, 0]


def test_a_day_of_azure_monitor_lies_in_its_hours(tmp_path):
    found = read(
        tmp_path, AZURE_MONITOR, a=answer(metric("GeneratedTokens", (MINI, [50.0])), interval="P1D")
    )
    assert found.usage.height == 24
    assert found.total("output_tokens") == 50


def test_figures_that_are_not_split_by_model_are_rejects(tmp_path):
    found = read(tmp_path, AZURE_MONITOR, a=answer(metric("GeneratedTokens", ({}, [50.0]))))
    assert found.bad_lines() == [("a.json", 1, "model", "missing")]
