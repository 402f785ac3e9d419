"""The files of `sql/usage` on months of a few lines."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attribution_builders import GPU, START, at, charge, deployed, models, pod, use, watched
from sql_tables import select
from usage_builders import CHAT, asked, month, tokens

SPAN: dict[str, Any] = {"month_start": START, "until": START + timedelta(days=30)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_lines_of_the_compared_days_that_count_something_are_kept_with_their_texts(folder: Path):
    lines = [
        tokens("early", "1", hour=-1),
        tokens("a", "1"),
        tokens("late", "1", hour=720),
        tokens("credit", "1", ChargeCategory="Credit"),
        tokens("none", "1", ConsumedQuantity=None, ConsumedUnit=None),
        charge("gpu", x_UsageType="BoxUsage:g5.xlarge", hour=5),
    ]
    with month(folder, lines, until=at(720)) as made:
        assert select(made.con, "usage/billed_texts", ["usage_type", "unit"]) == [
            ("BoxUsage:g5.xlarge", "Hrs"),
            ("USE1-Claude4.6Sonnet-input-tokens", "1K tokens"),
        ]
        bounds = {"month_start": START, "until": at(720)}
        files = {
            "charges_files": [str(folder / "charges.parquet")],
            "allocated_files": [made.ledger],
        }
        rows = select(
            made.con,
            "usage/billed_lines",
            ["starts_at", "resource_id", "quantity"],
            **files,
            **bounds,
        )
        assert rows == [(at(0), "", 1), (at(5), GPU, 1)]


def test_an_instance_id_of_model_studio_tells_the_kind_of_tokens(folder: Path):
    line = tokens(
        "q",
        "2",
        ServiceProviderName="Alibaba Cloud",
        x_ServiceCode="sfm",
        x_UsageType="model_call",
        ResourceId="12345;llm-1;qwen-max;output_token;app",
    )
    with month(folder, [line], attributed=True) as made:
        rows = select(made.con, "usage/billed_days", ["provider", "unit_class", "quantity"])
        assert rows == [("alibaba", "output_tokens", 2)]


def test_a_bills_own_keys_tell_the_class_and_broken_ones_tell_nothing(folder: Path):
    keys = '{"TokenDirection": "Input", "TokenCacheAction": "Write"}'
    lines = [
        tokens("a", "1", "output-tokens", SkuPriceDetails=keys),
        tokens("b", "1", "output-tokens", SkuPriceDetails="{not JSON"),
    ]
    with month(folder, lines) as made:
        rows = select(made.con, "usage/billed_days", ["unit_class"])
        assert rows == [("input_tokens_cache_write",), ("output_tokens",)]


def test_use_counts_once_and_machine_time_stands_on_its_own(folder: Path):
    gpu_log = {"resource_id": GPU, "provider": "aws"}
    usage = [
        use("v1", requests=3, gpu=2, source="gateway", **gpu_log),
        use("v1", requests=3, gpu=2, source="span", is_counted=False, **gpu_log),
        use("v1", requests=5, source="gateway", grain="counter", **gpu_log),
        use("v1", requests=0, gpu=7, source="dcgm", grain="sample", **gpu_log),
        use("v1", requests=9, source="gateway", status="throttled", **gpu_log),
        use("", requests=1, source="by-model", **gpu_log),
    ]
    with month(folder, [charge("gpu")], models("v1") + deployed("v1"), usage=usage) as made:
        columns = ["model_version", "requests", "gpu_microseconds", "gpu_sampled_microseconds"]
        assert select(made.con, "usage/named_usage", columns) == [("v1", 4, 2_000_000, 7_000_000)]
        by_day = ["day", "model_version", "requests", "output_tokens", "gpu_hours"]
        assert select(made.con, "usage/volumes_by_day", by_day) == [
            (f"{START:%Y-%m-%d}", "v1", 4, 0, 2_000_000)
        ]
        assert select(made.con, "usage/machine_uses", ["requests", "gpu_microseconds"], **SPAN) == [
            (4, 7_000_000)
        ]
        found = select(
            made.con,
            "usage/measured_uses",
            ["model_version", "requests", "gpu_microseconds"],
            month_start=START,
            month_end=at(720),
        )
        assert found == [("v1", 4, 2_000_000)]
        assert select(made.con, "usage/machine_models", ["model"]) == [("m",)]
        gpu = select(made.con, "usage/gpu_days", ["milli_gpu_seconds", "gpu_microseconds"], **SPAN)
        assert gpu == [(3_600_000, 7_000_000)]
        assert select(made.con, "usage/logged_days", ["requests"], **SPAN) == []


def test_a_log_without_provider_means_the_only_one_that_bills_the_model(folder: Path):
    usage = [asked(provider=""), asked(provider="aws.bedrock", hour=1)]
    with month(folder, [tokens("a", "1")], usage=usage) as made:
        assert select(made.con, "usage/only_billed_by", ["model", "provider"]) == [("chat", "aws")]
        rows = select(
            made.con, "usage/logged_days", ["provider", "requests", "input_tokens"], **SPAN
        )
        assert rows == [("aws", 2, 2000)]
    also = tokens("b", "1", ServiceProviderName="Google Cloud", ServiceName="Vertex AI")
    with month(folder, [tokens("a", "1"), also | {"x_ServiceCode": "AmazonBedrock"}]) as made:
        assert select(made.con, "usage/only_billed_by", ["model"]) == []


def test_hours_that_are_billed_and_not_logged_are_counted_with_what_was_billed_in_them(
    folder: Path,
):
    day = {"hour": 24, "until": 48}
    lines = [tokens("a", "1"), tokens("b", "2", hour=1), tokens("day", "4", **day)]
    columns = ["first_date", "quantity", "quantity_missing", "hours_billed", "hours_missing"]
    with month(folder, lines, usage=[asked(0)]) as made:
        assert select(made.con, "usage/billed_days", columns) == [
            ("2026-09-01", 3, 2, 2, 1),
            ("2026-09-02", 4, 4, 24, 24),
        ]
    with month(folder, lines, usage=[asked(1), asked(30)]) as made:
        assert select(made.con, "usage/billed_days", columns) == [
            ("2026-09-01", 3, 1, 2, 1),
            ("2026-09-02", 4, 0, 24, 0),
        ]


def test_machine_time_adds_up_over_the_hours_of_a_line_to_the_last_digit(folder: Path):
    third = Decimal("0.333333333333333333")
    lines = [
        charge("part", ConsumedQuantity=third, hour=0),
        charge("long", ConsumedQuantity=Decimal("70.000000000000000001"), hour=1, until=8),
    ]
    with month(
        folder, lines, models("v1") + deployed("v1"), coverage=[watched(0, 2)], attributed=True
    ) as made:
        rows = select(made.con, "usage/machine_hours", ["hour", "machine_seconds", "is_watched"])
        assert sum(row[1] for row in rows) == 3600 * (third + Decimal("70.000000000000000001"))
        assert {(row[0], row[2]) for row in rows} == {(at(h), h < 2) for h in range(8)}
        days = select(
            made.con, "usage/machine_days", ["resource_id", "hours_billed", "hours_missing"]
        )
        assert days == [(GPU, 8, 6)]
        costs = select(
            made.con, "usage/machine_costs", ["bucket", "effective_cost", "seconds_billed"]
        )
        assert sum(row[1] for row in costs) == 2


def test_who_watches_a_pod_watches_its_node(folder: Path):
    shares = [pod("s1", "pod/search", used="0.8", unused="0.2")]
    catalogue = models("v1") + deployed("v1", resource="pod/search")
    with month(
        folder,
        [charge("node")],
        catalogue,
        usage=[use("v1", resource_id="pod/search")],
        coverage=[watched(resource="pod/search")],
        pods=shares,
        attributed=True,
    ) as made:
        rows = select(made.con, "usage/machine_hours", ["link_key", "is_watched"])
        assert set(rows) == {(GPU, True)}
        assert select(made.con, "usage/pod_nodes", ["pod_key", "node_key"]) == [("pod/search", GPU)]
        uses = select(made.con, "usage/machine_uses", ["resource_id", "requests"], **SPAN)
        assert uses == [(GPU, 1)]


def test_provisioned_throughput_is_time_that_its_log_watches(folder: Path):
    unit = "arn:aws:bedrock:us-east-1:1:provisioned-model/p1"
    line = tokens("p", "2", "ProvisionedThroughput", ResourceId=unit, ConsumedUnit="Hours")
    usage = [asked(resource_id=unit)]
    with month(folder, [line], usage=usage, coverage=[watched(resource=unit)]) as made:
        days = select(made.con, "usage/machine_days", ["resource_id", "seconds", "watched_seconds"])
        assert days == [("provisioned-model/p1", 7200, 7200)]
        assert select(made.con, "usage/logged_days", ["requests"], **SPAN) == []
        assert select(made.con, "usage/machine_costs", ["seconds_billed"]) == [(7200,)]


def test_only_lines_of_a_class_give_it_their_cost(folder: Path):
    lines = [
        tokens("in", "1", cost="3"),
        tokens("out", "1", "output-tokens", cost="2"),
        tokens("out2", "1", "output-tokens", cost="5", hour=1),
        charge("gpu", "9"),
    ]
    with month(folder, lines, CHAT + models("v1") + deployed("v1")) as made:
        assert select(made.con, "usage/class_costs", ["model", "unit_class", "effective_cost"]) == [
            ("chat", "input_tokens", 3),
            ("chat", "output_tokens", 7),
        ]
