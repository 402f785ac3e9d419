"""Machines that pods share: allocations, samples of GPUs, memory, training beside serving."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attribution_builders import (
    GPU,
    Ledger,
    Row,
    at,
    attribute,
    charge,
    deployed,
    instant,
    models,
    use,
    watched,
)

V1, V2 = ("model_version", "v1", "inference"), ("model_version", "v2", "inference")
IDLE = ("idle", "", "")
NOT_AI = ("not_ai", "", "")
POD_A, POD_B = "rec/rank-a", "rec/rank-b"
TWO = models("v1", "v2") + deployed("v1", resource="rec/rank-a*") + deployed("v2", resource=POD_B)
FOUR_GPUS = f'[[resources]]\nid = "{GPU}"\ngpus = 4\n'
NODE = "i-0cpu"
CPU_LINE = {
    "ResourceId": NODE,
    "x_UsageType": "USE1-BoxUsage:r6i.4xlarge",
    "x_InstanceType": "r6i.4xlarge",
}


def held(
    pod: str,
    hour: int = 0,
    *,
    gpus: str | None = None,
    vcpus: str | None = None,
    gib: str | None = None,
    node: str = GPU,
    hours: str = "1",
    **changed: Any,
) -> Row:
    """An hour of a pod's allocation."""
    amounts = {
        "gpu_held_microseconds": (gpus, 3_600_000_000),
        "vcpu_milliseconds": (vcpus, 3_600_000),
        "memory_gib_milliseconds": (gib, 3_600_000),
    }
    return use(
        "",
        hour,
        requests=0,
        model=pod,
        resource_id=node,
        grain="allocation",
        source="pods",
        **{
            name: None if amount is None else int(Decimal(amount) * Decimal(hours) * unit)
            for name, (amount, unit) in amounts.items()
        },
        **changed,
    )


def sampled(pod: str, busy: int, hour: int = 0, *, of: int = 3600, node: str = GPU) -> Row:
    """An hour of GPU samples: seconds busy of the seconds held."""
    return use(
        "",
        hour,
        requests=0,
        gpu=busy,
        model=pod,
        resource_id=node,
        grain="sample",
        source="dcgm",
        gpu_held_microseconds=of * 1_000_000,
    )


def rounded(ledger: Ledger, charge_id: str, *columns: str) -> dict[tuple[str, ...], Decimal]:
    return {key: round(cost, 9).normalize() for key, cost in ledger.of(charge_id, *columns).items()}


Hour = tuple[list[Row], dict[tuple[str, str, str], Any]]

HOURS: dict[str, Hour] = {
    "pods take what they hold, what nobody holds is idle": (
        [held(POD_A + "-7c", gpus="1"), held(POD_B, gpus="0.5"), held("web/nginx", vcpus="8")],
        {V1: 2, V2: 1, IDLE: 5},
    ),
    "samples alone say what was held and what was busy": (
        [sampled(POD_A, 1800), sampled(POD_B, 3600, of=7200)],
        {V1: 1, V2: 2, IDLE: 5},
    ),
    "samples that name no pod are the busy time of those that hold": (
        [held(POD_A, gpus="3"), held(POD_B, gpus="1"), sampled("GPU-1", 7200, of=14400)],
        {V1: 3, V2: 1, IDLE: 4},
    ),
    "samples of GPUs that no pod held are of nobody": (
        [sampled("(no pod)", 0, of=7200), sampled(POD_A, 1800)],
        {V1: 1, IDLE: 7},
    ),
    "nobody's samples are not the pods'": (
        [held(POD_A, gpus="1"), sampled("(no pod)", 0, of=10800)],
        {V1: 2, IDLE: 6},
    ),
    "over capacity the pods share the node": (
        [held(POD_A, gpus="2"), held(POD_B, gpus="6")],
        {V1: 2, V2: 6},
    ),
    "more busy than held is held": (
        [held(POD_A, gpus="0.5"), sampled(POD_A, 3600)],
        {V1: 2, IDLE: 6},
    ),
    "a pod with a GPU that no one knows is unattributed": (
        [held("lab/notebook", gpus="1"), held(POD_B, gpus="1"), held("web/nginx", vcpus="4")],
        {("unattributed", "", ""): 2, V2: 2, IDLE: 4},
    ),
    "held by nobody at all is idle": ([held("web/nginx", vcpus="4")], {IDLE: 8}),
}
"""An hour each of a node of four GPUs for 8.00: who was on it, and who pays."""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    usage = [row | {"hour": at(n)} for n, (rows, _) in enumerate(HOURS.values()) for row in rows]
    lines = [charge(name, "8", hour=n) for n, name in enumerate(HOURS)]
    return attribute(tmp_path_factory.mktemp("node"), lines, TWO + FOUR_GPUS, usage=usage)


@pytest.mark.parametrize("name", HOURS)
def test_an_hour_of_a_node_is_its_pods_and_idle(node: Ledger, name: str) -> None:
    assert node.of(name) == HOURS[name][1]


def test_idle_says_whether_pods_held_it(node: Ledger) -> None:
    name = "samples alone say what was held and what was busy"
    assert node.of(name, "bucket", "evidence") == {
        ("model_version", "pod: deployment"): 3,
        ("idle", "held by pods, not busy"): 3,
        ("idle", "held by no pod"): 2,
    }


def test_pods_with_gpus_that_nobody_knows_are_said_those_without_are_not(node: Ledger) -> None:
    assert node.warnings == [
        "pods: 1.0 GPU-hours were held by 1 that are no version's `workloads` in the catalogue: "
        "their share is unattributed. Most by lab/notebook 1.0"
    ]


def test_a_machine_without_pods_is_its_versions_by_the_log(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1") + deployed("v2")
    usage = [sampled(GPU, 900), use("v1", requests=1), use("v2", requests=2)]
    ledger = attribute(tmp_path, [charge("a", "6")], catalogue, usage=usage)
    assert ledger.of("a") == {V1: Decimal("0.5"), V2: 1, IDLE: Decimal("4.5")}


def test_held_and_not_busy_is_idle_by_samples_and_by_the_requests_own_gpu_time(
    tmp_path: Path,
) -> None:
    usage = [
        held(POD_A, gpus="2"),
        sampled(POD_A, 1800, of=7200),
        held(POD_B, gpus="2"),
        use("v2", gpu=3600, resource_id=POD_B),
    ]
    ledger = attribute(tmp_path, [charge("a", "8")], TWO + FOUR_GPUS, usage=usage)
    assert ledger.of("a") == {V1: 1, V2: 2, IDLE: 5}
    assert ledger.words("a", "bucket", "evidence") >= {("idle", "held by pods, not busy")}
    shares = ledger.notional_idle.select("model_version", "effective_cost").rows()
    assert {v: round(cost, 9) for v, cost in shares} == {"v1": 3, "v2": 2}


def test_quiet_hours_leave_no_idle_while_a_pod_works(tmp_path: Path) -> None:
    usage = [
        held(POD_A, gpus="2"),
        sampled(POD_A, 900, of=7200),
        held(POD_A, 1, gpus="2"),
        sampled(POD_A, 0, 1, of=7200),
    ]
    ledger = attribute(
        tmp_path,
        [charge("a", "8"), charge("b", "8", hour=1)],
        TWO + FOUR_GPUS,
        'idle_measure = "quiet_hours"',
        usage=usage,
    )
    assert ledger.of("a") == {V1: 8}
    assert ledger.of("b") == {IDLE: 8}


def test_a_service_whose_embeddings_fill_the_memory_pays_for_the_machine(tmp_path: Path) -> None:
    usage = [
        held(POD_A, vcpus="2", gib="96", node=NODE),
        held("web/nginx", vcpus="4", gib="1", node=NODE),
    ]
    line = charge("a", "16", **CPU_LINE)
    sized = '[[resources]]\nid = "i-*"\nvcpus = 16\nmemory_gib = 128\n'
    ledger = attribute(tmp_path, [line], TWO + sized, usage=usage)
    assert ledger.of("a") == {V1: 12, NOT_AI: 4}
    unsized = attribute(tmp_path, [line], TWO, usage=usage)
    # a vCPU weighs as nine GiB: 2 x 9 + 96 against 4 x 9 + 1
    assert rounded(unsized, "a") == {
        V1: round(Decimal(16) * 114 / 151, 9),
        NOT_AI: round(Decimal(16) * 37 / 151, 9),
    }


def test_logs_may_call_a_node_by_its_host_name(tmp_path: Path) -> None:
    usage = [held(POD_A, gpus="1"), sampled(POD_A, 1800, node="IP-10-0-0-1.internal")]
    named = FOUR_GPUS + 'names = ["ip-10-0-0-1.internal"]\n'
    listed = [watched(resource="ip-10-0-0-1.internal") | {"source": "pods"}]
    lines = [charge("a", "8"), charge("b", "8", hour=1)]
    ledger = attribute(tmp_path, lines, TWO + named, usage=usage, coverage=listed)
    assert ledger.of("a") == {V1: 1, IDLE: 7}
    assert ledger.of("b") == {IDLE: 8}


def test_a_node_without_any_ai_stays_what_its_bill_says(tmp_path: Path) -> None:
    usage = [held("web/nginx", vcpus="4", gib="1", node=NODE)]
    ledger = attribute(tmp_path, [charge("a", "16", **CPU_LINE)], TWO, usage=usage)
    assert ledger.of("a") == {NOT_AI: 16}


def test_a_node_runs_training_beside_serving(tmp_path: Path) -> None:
    catalogue = (
        TWO
        + FOUR_GPUS
        + '[[runs]]\nid = "r"\nmodel = "m"\nversion = "v2"\nresources = ["ml/train-*"]\n'
        + f"from = {instant(0)}\nuntil = {instant(1)}\n"
    )
    usage = [
        held("ml/train-0", gpus="2"),
        sampled("ml/train-0", 5000, of=7200),
        held(POD_A, gpus="1"),
        use("v1", requests=5, gpu=900, resource_id=POD_A),
        held(POD_B, gpus="1"),
        use("v2", requests=5, resource_id=POD_B),
    ]
    ledger = attribute(tmp_path, [charge("a", "16")], catalogue, usage=usage)
    assert ledger.of("a") == {
        ("model_version", "v2", "training"): 8,
        V1: 1,
        V2: 4,
        IDLE: 3,
    }, "a run works as long as it holds; serving as long as its GPU was busy, where measured"


def test_a_pod_of_a_version_that_is_not_served_yet_trains_it(tmp_path: Path) -> None:
    catalogue = models("v1", "v2").replace(
        '"v2"\n', '"v2"\npredecessor = "v1"\nworkloads = ["ml/v2-*"]\n'
    ) + deployed("v2", 1, resource="endpoint/x")
    usage = [held("ml/v2-7c", hour, gpus="1") for hour in (0, 1)]
    lines = [charge("a"), charge("b", hour=1)]
    ledger = attribute(tmp_path, lines, catalogue, usage=usage)
    assert ledger.of("a") == {("model_version", "v2", "update"): 1}
    assert ledger.of("b") == {V2: 1}


def test_adapters_of_one_pod_are_told_apart_by_the_log_of_their_service(tmp_path: Path) -> None:
    catalogue = models("base", "lora-a", "lora-b") + "".join(
        deployed(version, resource="ml/llm-*") for version in ("base", "lora-a", "lora-b")
    )
    usage = [
        held("ml/llm-0", gpus="1"),
        held("ml/llm-1", gpus="1"),
        *(
            use(version, resource_id="llm.svc", tokens=(tokens, 0))
            for version, tokens in (("base", 100), ("lora-a", 200), ("lora-b", 100))
        ),
    ]
    ledger = attribute(
        tmp_path, [charge("a", "8")], catalogue + FOUR_GPUS, usage=usage, coverage=[watched()]
    )
    assert ledger.of("a", "model_version") == {
        ("base",): 1,
        ("lora-a",): 2,
        ("lora-b",): 1,
        ("",): 4,
    }


def test_the_gpu_time_of_a_service_is_its_pods_busy_time_as_they_hold(tmp_path: Path) -> None:
    catalogue = models("v1") + deployed("v1", resource="ml/llm-*") + FOUR_GPUS
    usage = [
        held("ml/llm-0", gpus="1"),
        held("ml/llm-1", gpus="3"),
        use("v1", resource_id="llm.svc", gpu=3600),
    ]
    ledger = attribute(tmp_path, [charge("a", "8")], catalogue, usage=usage)
    assert ledger.of("a") == {V1: 2, IDLE: 6}


def test_a_new_versions_pods_that_do_not_serve_yet_are_its_update(tmp_path: Path) -> None:
    catalogue = (
        models("old", "new")
        + deployed("old", resource="ml/old-*")
        + deployed("new", resource="ml/new-*", replaces="old")
        + FOUR_GPUS
    )
    usage = [
        held("ml/old-0", gpus="2"),
        sampled("ml/old-0", 3600, of=7200),
        held("ml/new-0", gpus="2"),
        sampled("ml/new-0", 1800, of=7200),
    ]
    ledger = attribute(tmp_path, [charge("a", "8")], catalogue, usage=usage)
    assert ledger.of("a") == {
        ("model_version", "old", "inference"): 2,
        ("model_version", "new", "inference"): 1,
        ("model_version", "new", "update"): 3,
        IDLE: 2,
    }


def test_hours_without_pods_are_idle_only_where_the_list_of_pods_is_complete(
    tmp_path: Path,
) -> None:
    lines = [charge("a"), charge("b", hour=1)]
    usage = [held(POD_A, gpus="1")]
    listed = [watched() | {"source": "pods"}]
    ledger = attribute(tmp_path, lines, TWO, usage=usage, coverage=listed)
    assert ledger.of("a") == {V1: 1}, "the list of pods says nothing of their requests"
    assert ledger.of("b") == {IDLE: 1}
    assert attribute(tmp_path, lines, TWO, usage=usage).of("b") == {("unattributed", "", ""): 1}


def test_a_served_pod_without_a_request_is_idle_where_requests_are_watched(tmp_path: Path) -> None:
    usage = [held(POD_A, gpus="1"), held(POD_B, gpus="3"), use("v2", resource_id=POD_B, requests=2)]
    ledger = attribute(
        tmp_path, [charge("a", "4")], TWO + FOUR_GPUS, usage=usage, coverage=[watched()]
    )
    assert ledger.of("a") == {V2: 3, IDLE: 1}


def test_a_days_line_weighs_the_pods_of_each_hour(tmp_path: Path) -> None:
    day = charge("a", "24", until=24, ConsumedQuantity=Decimal(24))
    usage = [held(POD_A, hour, gpus="1") for hour in range(12)]
    usage += [held(POD_B, hour, gpus="0.5") for hour in range(12, 24)]
    ledger = attribute(tmp_path, [day], TWO, usage=usage)
    assert rounded(ledger, "a") == {V1: 12, V2: 6, IDLE: 6}


@pytest.mark.parametrize("until", [1, 2])
def test_the_bandwidth_of_a_node_is_its_pods_and_never_idle(tmp_path: Path, until: int) -> None:
    out = charge("a", "4", until=until, x_UsageType="DataTransfer-Out-Bytes", ConsumedUnit="GB")
    usage = [held(POD_A, hour, gpus="1") for hour in range(2)]
    usage += [sampled(POD_A, 900, hour) for hour in range(2)]
    usage += [held(POD_B, hour, gpus="3") for hour in range(2)]
    usage += [sampled(POD_B, 2700, hour, of=10800) for hour in range(2)]
    ledger = attribute(tmp_path, [out], TWO + FOUR_GPUS, usage=usage)
    assert ledger.of("a") == {V1: 1, V2: 3}
    assert ledger.words("a", "element") == {("bandwidth",)}


def test_idle_of_a_node_goes_to_who_held_it_when_spread_by_use(tmp_path: Path) -> None:
    usage = [held(POD_A, gpus="2"), sampled(POD_A, 0, of=7200), held(POD_B, gpus="1")]
    ledger = attribute(
        tmp_path,
        [charge("a", "12")],
        TWO + FOUR_GPUS,
        'idle_bearer = "spread_by_use"',
        usage=usage,
    )
    # v1 held 6 and used none; of the 3 that nobody held v1 bears 2 and v2 one
    assert rounded(ledger, "a") == {V1: 8, V2: 4}


@pytest.mark.parametrize("grain", ["bucket", "counter"])
def test_requests_are_not_mixed_with_sums_of_the_same_source(tmp_path: Path, grain: str) -> None:
    catalogue = models("v1", "v2") + deployed("v1") + deployed("v2")
    usage = [
        use("v1", requests=1),
        use("v2", requests=3),
        use("v1", requests=100, grain=grain),
        use("v2", requests=100, is_counted=False, source="span"),
    ]
    ledger = attribute(tmp_path, [charge("a", "4")], catalogue, usage=usage)
    assert ledger.of("a") == {V1: 1, V2: 3}


def test_gpu_time_of_a_log_that_is_not_counted_is_time_all_the_same(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1") + deployed("v2")
    captured = [
        use(version, hour, requests=requests, source="capture")
        for hour, requests in enumerate((10, 20))
        for version in ("v1", "v2")
    ]
    metrics = {"is_counted": False, "source": "metrics", "grain": "bucket", "requests": 9}
    metered = [
        use(version, hour, gpu=gpu, **metrics)
        for hour in (0, 1)
        for version, gpu in (("v1", 900), ("v2", 1800))
    ]
    lines = [charge("a", "4"), charge("b", "4", hour=1)]
    ledger = attribute(tmp_path, lines, catalogue, usage=captured + metered)
    assert ledger.of("a") == {V1: 1, V2: 2, IDLE: 1}
    assert ledger.of("b") == {V1: 2, V2: 2}, "the metrics did not see every call"


def test_tokens_weigh_as_the_catalogue_says_of_each_version(tmp_path: Path) -> None:
    catalogue = models("v1", "v2").replace(
        '"v2"\n', '"v2"\ntoken_weights = { input = 2, output = 10 }\n'
    )
    usage = [use("v1", tokens=(80, 10)), use("v2", tokens=(80, 20))]
    ledger = attribute(
        tmp_path, [charge("a", "12")], catalogue + deployed("v1") + deployed("v2"), usage=usage
    )
    assert ledger.of("a") == {V1: 3, V2: 9}


def test_replicas_weigh_by_their_accelerators_in_a_roll_out(tmp_path: Path) -> None:
    new = deployed("v2", replaces="v1", replicas=1).replace("replicas = 1", "gpus = 3")
    catalogue = models("v1", "v2") + deployed("v1") + new
    usage = [use("v1", requests=1)]
    ledger = attribute(tmp_path, [charge("a", "4")], catalogue, usage=usage)
    assert ledger.of("a") == {V1: 1, ("model_version", "v2", "update"): 3}


def variant(version: str, name: str, start: float, **changed: Any) -> str:
    return deployed(version, start, resource="endpoint/search", **changed) + f'names = ["{name}"]\n'


ENDPOINT = {"ResourceId": "endpoint/search", "ConsumedQuantity": Decimal(4)}


def calls(name: str, hour: int, requests: int, **changed: Any) -> Row:
    return use("", hour, model=name, requests=requests, resource_id="endpoint/search", **changed)


def test_a_canary_variant_pays_its_share_and_its_idle_replicas_are_its_update(
    tmp_path: Path,
) -> None:
    catalogue = models("v1", "v2") + variant("v1", "search/blue", 0, replicas=3)
    catalogue += variant("v2", "search/green", 1, replicas=1, replaces="v1")
    usage = [calls("search/blue", hour, 9) for hour in (0, 1)] + [calls("Search/Green", 1, 1)]
    lines = [charge("a", "20", **ENDPOINT), charge("b", "20", hour=1, **ENDPOINT)]
    ledger = attribute(tmp_path, lines, catalogue, usage=usage)
    assert ledger.of("a") == {V1: 20}
    assert ledger.of("b") == {V1: 15, V2: 2, ("model_version", "v2", "update"): 3}


def test_copies_of_an_inference_component_weigh_by_their_accelerators(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + variant("v1", "ic-v1", 0, replicas=2).replace(
        "replicas = 2\n", "replicas = 2\ngpus = 1\n"
    )
    catalogue += variant("v2", "ic-v2", 0, replicas=1, replaces="v1").replace(
        "replicas = 1\n", "replicas = 1\ngpus = 2\n"
    )
    usage = [calls("ic-v1", 0, 1, gpu=3600), calls("ic-v2", 0, 1, gpu=1800)]
    ledger = attribute(
        tmp_path,
        [charge("a", "20", **ENDPOINT)],
        catalogue + '[[resources]]\nid = "endpoint/search"\ngpus = 1\n',
        usage=usage,
    )
    assert ledger.of("a") == {
        V1: 5,
        V2: Decimal("2.5"),
        ("model_version", "v2", "update"): Decimal("7.5"),
        IDLE: 5,
    }


def test_gpu_time_sampled_by_variant_splits_a_canary_before_its_requests_do(
    tmp_path: Path,
) -> None:
    catalogue = models("v1", "v2") + variant("v1", "search/blue", 0, replicas=3)
    catalogue += variant("v2", "search/green", 0, replicas=1, replaces="v1")
    catalogue += '[[resources]]\nid = "endpoint/search"\ngpus = 1\n'
    usage = [calls("search/blue", 0, 1), calls("search/green", 0, 1)]
    usage += [
        sampled(name, busy, of=0, node="endpoint/search")
        for name, busy in (("search/blue", 7200), ("search/green", 1440))
    ]
    ledger = attribute(tmp_path, [charge("a", "20", **ENDPOINT)], catalogue, usage=usage)
    assert ledger.of("a") == {V1: 10, V2: 2, ("model_version", "v2", "update"): 3, IDLE: 5}


def test_a_pod_that_two_versions_are_deployed_on_at_once_is_told_apart_by_the_log_or_not_at_all(
    tmp_path: Path,
) -> None:
    catalogue = models("v1", "v2") + "".join(
        deployed(version, resource="ml/x-*") for version in ("v1", "v2")
    )
    lines = [charge("a", "4"), charge("b", "4", hour=1)]
    usage = [held("ml/x-0", hour, gpus="1") for hour in (0, 1)]
    usage += [use("v1", 1, requests=1, resource_id="ML/x-0")]
    usage += [use("v2", 1, requests=3, resource_id="ML/x-0")]
    ledger = attribute(tmp_path, lines, catalogue, usage=usage)
    assert ledger.of("a") == {("model", "", "inference"): 4}
    assert ledger.words("a", "method") == {("not_measured",)}
    assert ledger.of("b") == {V1: 1, V2: 3}


def test_a_zero_or_negative_charge_of_a_node_is_shared_alike(tmp_path: Path) -> None:
    lines = [charge("a", "-8"), charge("b", "0"), charge("c", "8")]
    usage = [held(POD_A, gpus="1"), sampled(POD_A, 0)]
    four = [line | {"ConsumedQuantity": Decimal(1) / 2} for line in lines[:2]]
    ledger = attribute(tmp_path, [*four, lines[2]], TWO + FOUR_GPUS, usage=usage)
    assert ledger.of("a") == {IDLE: -8}
    assert set(ledger.of("b")) == {IDLE}
    assert ledger.of("c", "evidence") == {
        ("held by pods, not busy",): 2,
        ("held by no pod",): 6,
    }, "no machine works more than an hour in an hour, however many lines bill it"
