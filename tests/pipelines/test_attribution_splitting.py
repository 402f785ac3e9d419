"""Shared charges: who used them, what was idle, what rides along, and what no share decides."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from attribution_builders import (
    GPU,
    Row,
    attribute,
    charge,
    deployed,
    instant,
    models,
    plain,
    pod,
    use,
    watched,
)

from pipelines.attribution import allocation
from pipelines.contracts import ALLOCATED

TWO = models("v1", "v2") + deployed("v1") + deployed("v2")
V1, V2 = ("model_version", "v1", "inference"), ("model_version", "v2", "inference")
IDLE = ("idle", "", "")
HALF = Decimal("0.5")


def volume(charge_id: str, cost: str, **changed: object) -> Row:
    """A month of a volume, split by use over its own span."""
    shape = {"x_UsageType": "EBS:VolumeUsage.gp3", "ConsumedUnit": "GB-Mo", "x_InstanceType": None}
    return charge(charge_id, cost, **{**shape, "until": 720, **changed})


def test_busy_time_is_the_versions_and_the_rest_is_idle(tmp_path: Path) -> None:
    usage = [use("v1", gpu=900), use("v2", gpu=1800)]
    ledger = attribute(tmp_path, [charge("a", "4")], TWO, usage=usage)
    assert ledger.of("a") == {V1: 1, V2: 2, IDLE: 1}
    assert ledger.words("a", "method") == {("usage",)}


def test_over_capacity_the_whole_hour_goes_by_proportion(tmp_path: Path) -> None:
    usage = [use("v1", gpu=3600), use("v2", gpu=10800)]
    ledger = attribute(tmp_path, [charge("a", "4")], TWO, usage=usage)
    assert ledger.of("a") == {V1: 1, V2: 3}


def test_quiet_hours_leave_no_idle_in_an_hour_with_requests(tmp_path: Path) -> None:
    ledger = attribute(
        tmp_path,
        [charge("a", "4"), charge("b", "4", hour=1)],
        TWO,
        'idle_measure = "quiet_hours"',
        usage=[use("v1", gpu=1), use("v2", gpu=3)],
        coverage=[watched()],
    )
    assert ledger.of("a") == {V1: 1, V2: 3}
    assert ledger.of("b") == {IDLE: 4}


def test_tokens_split_where_no_gpu_time_is_measured_output_weighing_four(tmp_path: Path) -> None:
    usage = [use("v1", tokens=(40, 0)), use("v2", tokens=(0, 30))]
    ledger = attribute(tmp_path, [charge("a", "4")], TWO, usage=usage)
    assert ledger.of("a") == {V1: 1, V2: 3}


def test_cached_input_tokens_count_a_tenth(tmp_path: Path) -> None:
    usage = [
        use("v1", tokens=(100, 0), input_tokens_cache_read=100),
        use("v2", tokens=(30, 0)),
    ]
    ledger = attribute(tmp_path, [charge("a", "4")], TWO, usage=usage)
    assert ledger.of("a") == {V1: 1, V2: 3}


def test_requests_split_where_one_version_measures_nothing_else(tmp_path: Path) -> None:
    usage = [use("v1", requests=1, gpu=5), use("v2", requests=3)]
    ledger = attribute(tmp_path, [charge("a", "4")], TWO, usage=usage)
    assert ledger.of("a") == {V1: 1, V2: 3}


def test_throttled_calls_and_gateway_cache_hits_used_nothing(tmp_path: Path) -> None:
    usage = [
        use("v1", gpu=3600),
        use("v2", requests=9, status="throttled"),
        use("v2", requests=9, status="cache_hit"),
    ]
    assert attribute(tmp_path, [charge("a", "4")], TWO, usage=usage).of("a") == {V1: 4}


def test_a_log_that_names_only_the_model_means_the_one_version_that_is_live(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1", until=1) + deployed("v2", 1)
    usage = [use("", gpu=3600), use("", hour=1, gpu=3600)]
    ledger = attribute(tmp_path, [charge("a"), charge("b", hour=1)], catalogue, usage=usage)
    assert (ledger.of("a"), ledger.of("b")) == ({V1: 1}, {V2: 1})
    both = attribute(tmp_path, [charge("a")], TWO, usage=[use("", gpu=3600)])
    assert both.of("a") == {("model", "", "inference"): 1}


def test_one_version_alone_gets_an_unwatched_hour_direct_and_a_watched_one_is_idle(
    tmp_path: Path,
) -> None:
    ledger = attribute(
        tmp_path,
        [charge("a"), charge("b", hour=1)],
        models("v1") + deployed("v1"),
        coverage=[watched(1, 2)],
    )
    assert ledger.of("a") == {V1: 1}
    assert ledger.words("a", "method") == {("direct",)}
    assert ledger.of("b") == {IDLE: 1}


def test_several_unwatched_versions_are_their_models_or_a_shared_pool(tmp_path: Path) -> None:
    others = TWO + models("w1", model="n") + deployed("w1", 1, model="n")
    ledger = attribute(tmp_path, [charge("a"), charge("b", hour=1)], others)
    assert ledger.of("a") == {("model", "", "inference"): 1}
    assert ledger.of("b") == {("shared_pool", "", ""): 1}
    assert ledger.words("b", "method") == {("not_measured",)}


def test_capacity_counts_once_for_an_hour_billed_in_two_lines_of_two_accounts(
    tmp_path: Path,
) -> None:
    covered = {"x_LineItemType": "SavingsPlanCoveredUsage"}
    lines = [
        charge("a", "3", ConsumedQuantity=Decimal("0.75"), **covered),
        charge("b", "1", ConsumedQuantity=Decimal("0.25"), SubAccountId="other"),
    ]
    ledger = attribute(tmp_path, lines, TWO, usage=[use("v1", gpu=1800)])
    assert ledger.of("a") == {V1: Decimal("1.5"), IDLE: Decimal("1.5")}
    assert ledger.of("b") == {V1: HALF, IDLE: HALF}


def test_an_endpoint_of_several_machines_has_their_capacity(tmp_path: Path) -> None:
    endpoint = {"ResourceId": "endpoint/x", "x_ServiceCode": "AmazonSageMaker"}
    line = charge(
        "a",
        "8",
        **endpoint,
        x_UsageType="USE1-Host:ml.g5.12xlarge",
        x_InstanceType="ml.g5.12xlarge",
        ConsumedQuantity=Decimal(2),
    )
    catalogue = models("v1") + deployed("v1", resource="endpoint/x")
    usage = [use("v1", gpu=3600, resource_id="endpoint/x")]
    assert attribute(tmp_path, [line], catalogue, usage=usage).of("a") == {V1: 1, IDLE: 7}
    stated = catalogue + '[[resources]]\nid = "endpoint/x"\ngpus = 2\n'
    assert attribute(tmp_path, [line], stated, usage=usage).of("a") == {V1: 2, IDLE: 6}


def test_a_switch_in_the_middle_of_an_hour_follows_the_log(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1", until=0.5) + deployed("v2", 0.5)
    ledger = attribute(
        tmp_path, [charge("a", "4")], catalogue, usage=[use("v1", gpu=900), use("v2", gpu=1800)]
    )
    assert ledger.of("a") == {V1: 1, V2: 2, IDLE: 1}


ROLLOUT = models("old", "new") + deployed("old", replicas=2) + deployed("new", replaces="old")
ENDPOINT = {"ConsumedQuantity": Decimal(3), "ResourceId": "endpoint/r"}
ROLLOUT = ROLLOUT.replace(GPU, "endpoint/r")
OLD, NEW = ("model_version", "old", "inference"), ("model_version", "new", "inference")
UPDATE = ("model_version", "new", "update")


def test_the_new_versions_unserved_replica_is_its_update(tmp_path: Path) -> None:
    usage = [
        use("old", gpu=3600, resource_id="endpoint/r"),
        use("new", gpu=900, resource_id="endpoint/r"),
    ]
    ledger = attribute(tmp_path, [charge("a", "12", **ENDPOINT)], ROLLOUT, usage=usage)
    assert ledger.of("a") == {OLD: 4, NEW: 1, UPDATE: 3, IDLE: 4}


def test_by_tokens_too_the_new_versions_replica_is_its_inference_and_update(tmp_path: Path) -> None:
    usage = [
        use("old", tokens=(90, 0), resource_id="endpoint/r"),
        use("new", tokens=(10, 0), resource_id="endpoint/r"),
    ]
    ledger = attribute(tmp_path, [charge("a", "12", **ENDPOINT)], ROLLOUT, usage=usage)
    found = ledger.of("a")
    assert found[NEW] == Decimal("1.2")
    assert abs(found[NEW] + found[UPDATE] - 4) < Decimal("1e-10")
    assert abs(found[OLD] - 8) < Decimal("1e-10")


def test_in_a_silent_watched_hour_the_new_replica_is_update_and_the_old_are_idle(
    tmp_path: Path,
) -> None:
    ledger = attribute(tmp_path, [charge("a", "12", **ENDPOINT)], ROLLOUT, coverage=[watched()])
    assert {k: round(v, 6) for k, v in ledger.of("a").items()} == {UPDATE: 4, IDLE: 8}


def test_a_roll_out_on_its_own_resource_is_update_until_it_serves(tmp_path: Path) -> None:
    catalogue = (
        models("old", "new")
        + deployed("old", until=2)
        + deployed("new", resource="i-0new", replaces="old")
    )
    lines = [charge(f"h{h}", "4", hour=h, ResourceId="i-0new") for h in (0, 1, 2)]
    ledger = attribute(
        tmp_path,
        lines,
        catalogue,
        usage=[use("new", hour=1, gpu=900, resource_id="i-0new")],
        coverage=[watched()],
    )
    assert ledger.of("h0") == {UPDATE: 4}
    assert ledger.of("h1") == {NEW: 1, UPDATE: 3}
    assert ledger.of("h2") == {IDLE: 4}, "the old version is gone: no overlap, no update"


def test_runs_take_their_hours_and_gaps_are_idle_only_where_the_list_is_complete(
    tmp_path: Path,
) -> None:
    catalogue = models("v1", "v2").replace('"v2"\n', '"v2"\npredecessor = "v1"\n') + "".join(
        f'[[runs]]\nid = "{name}"\nmodel = "m"\nversion = "{version}"\nresources = ["{GPU}"]\n'
        f"from = {instant(start)}\nuntil = {instant(until)}\n{rest}"
        for name, version, start, until, rest in (
            ("first", "v1", 0, 1, ""),
            ("update", "v2", 1, 1.5, ""),
            ("failed", "v2", 2, 3, 'status = "failed"\n'),
        )
    )
    lines = [charge(f"h{h}", "4", hour=h) for h in range(5)]
    listed = f"[[run_coverage]]\nfrom = {instant(0)}\nuntil = {instant(4)}\n"
    ledger = attribute(tmp_path, lines, catalogue + listed)
    assert ledger.of("h0") == {("model_version", "v1", "training"): 4}
    assert ledger.of("h1") == {("model_version", "v2", "update"): 2, IDLE: 2}
    assert ledger.of("h2") == {("model_version", "(experiments)", "training"): 4}
    assert ledger.of("h3") == {IDLE: 4}
    assert ledger.of("h4") == {("unattributed", "", ""): 4}
    assert attribute(tmp_path, lines, catalogue).of("h3") == {("unattributed", "", ""): 4}


def test_a_daily_line_counts_each_hour_by_the_part_it_covers(tmp_path: Path) -> None:
    day = charge("a", "6", hour=0.5, until=2, ConsumedQuantity=Decimal("1.5"))
    usage = [use("v1", gpu=1800), use("v2", hour=1, gpu=900)]
    ledger = attribute(tmp_path, [day], TWO, usage=usage)
    shares = {key: round(cost, 15) for key, cost in ledger.of("a").items()}
    assert shares == {V1: 2, V2: 1, IDLE: 3}, "weights of several hours are kept to 1e-18"


def test_a_months_volume_is_split_by_the_months_use_and_never_idle(tmp_path: Path) -> None:
    usage = [use("v1", hour=5, gpu=10), use("v2", hour=700, gpu=30)]
    ledger = attribute(tmp_path, [volume("a", "4")], TWO, usage=usage, coverage=[watched()])
    assert ledger.of("a") == {
        ("model_version", "v1", "storage"): 1,
        ("model_version", "v2", "storage"): 3,
    }


def test_bandwidth_of_a_silent_hour_is_not_idle(tmp_path: Path) -> None:
    out = charge("a", x_UsageType="USE1-DataTransfer-Out-Bytes", ConsumedUnit="GB")
    ledger = attribute(tmp_path, [out], models("v1") + deployed("v1"), coverage=[watched()])
    assert ledger.words("a", "bucket", "model_version", "element") == {
        ("model_version", "v1", "bandwidth")
    }


@pytest.mark.parametrize("cost", ["0", "-4", "0.000000000000000001", "-0.000000000000000001"])
def test_zero_negative_and_one_unit_charges_split_exactly(tmp_path: Path, cost: str) -> None:
    usage = [use("v1", gpu=900), use("v2", gpu=2700)]
    ledger = attribute(tmp_path, [charge("a", cost)], TWO, usage=usage)
    assert sum(ledger.of("a").values()) == Decimal(cost)
    assert set(ledger.of("a")) == {V1, V2}


def test_a_charge_of_no_length_belongs_to_its_hour(tmp_path: Path) -> None:
    ledger = attribute(tmp_path, [charge("a", "4", until=0)], TWO, usage=[use("v1", gpu=3600)])
    assert ledger.of("a") == {V1: 4}


def test_each_basis_is_split_by_the_same_shares(tmp_path: Path) -> None:
    line = charge("a", "4", BilledCost=Decimal(0), ListCost=Decimal("12.0000000000000000012"[:20]))
    ledger = attribute(tmp_path, [line], TWO, usage=[use("v1", gpu=900)])
    rows = ledger.rows.filter(pl.col("model_version") == "v1")
    assert rows["EffectiveCost"].item() == 1
    assert rows["ListCost"].item() == 3
    assert rows["BilledCost"].item() == 0
    assert rows["ConsumedQuantity"].item() == Decimal("0.25")


# --- artefacts ------------------------------------------------------------------------------------


def artefact(version: str, size: str | None, model: str = "m") -> str:
    return (
        f'[[artefacts]]\nlocation = "s3://weights/{model}/{version}/"\nmodel = "{model}"\n'
        f'version = "{version}"\n' + (f"size_gb = {size}\n" if size else "")
    )


BUCKET = {"x_ServiceCode": "AmazonS3", "ResourceId": "weights", "x_InstanceType": None}


def test_an_artefact_buckets_storage_is_split_by_size_and_its_egress_is_storage_bandwidth(
    tmp_path: Path,
) -> None:
    catalogue = models("v1", "v2") + artefact("v1", "10") + artefact("v2", "30")
    lines = [
        charge("kept", "4", **BUCKET, x_UsageType="TimedStorage-ByteHrs", until=720),
        charge("egress", "4", **BUCKET, x_UsageType="DataTransfer-Out-Bytes"),
    ]
    ledger = attribute(tmp_path, lines, catalogue)
    sizes = {("model_version", "v1", "storage"): 1, ("model_version", "v2", "storage"): 3}
    assert ledger.of("kept") == ledger.of("egress") == sizes
    assert ledger.words("kept", "element") == {("hardware",)}
    assert ledger.words("egress", "element") == {("bandwidth",)}


def test_a_bucket_without_an_inventory_is_its_models_or_a_shared_pool(tmp_path: Path) -> None:
    line = charge("a", "4", **BUCKET, x_UsageType="TimedStorage-ByteHrs", until=720)
    one = models("v1") + artefact("v1", None)
    assert attribute(tmp_path, [line], one).of("a") == {("model_version", "v1", "storage"): 4}
    same = models("v1", "v2") + artefact("v1", "10") + artefact("v2", None)
    assert attribute(tmp_path, [line], same).of("a") == {("model", "", "storage"): 4}
    mixed = same + models("w1", model="n") + artefact("w1", None, model="n")
    assert attribute(tmp_path, [line], mixed).of("a") == {("shared_pool", "", ""): 4}


@pytest.mark.parametrize(
    ("policy", "shares"),
    [("spread_even", {"m": 2, "n": 2}), ("spread_by_cost", {"m": 1, "n": 3})],
)
def test_a_shared_pool_is_spread_by_policy(
    tmp_path: Path, policy: str, shares: dict[str, int]
) -> None:
    catalogue = models("v1") + models("w1", model="n")
    catalogue += artefact("v1", None) + artefact("w1", None, model="n")
    lines = [
        charge("a", "4", **BUCKET, x_UsageType="TimedStorage-ByteHrs", until=720),
        plain("m", "1", Tags='{"model":"m","model_version":"v1"}'),
        plain("n", "3", Tags='{"model":"n","model_version":"w1"}'),
    ]
    ledger = attribute(tmp_path, lines, catalogue, f'shared_pool = "{policy}"')
    assert ledger.of("a", "model") == {(model,): cost for model, cost in shares.items()}
    assert ledger.words("a", "method", "component") == {("policy", "storage")}


# --- pods -----------------------------------------------------------------------------------------

POD = "arn:aws:eks:us-east-1:1:pod/shop/ml/rank/uid-1"
WEB = "arn:aws:eks:us-east-1:1:pod/shop/web/nginx/uid-2"


def test_a_nodes_charge_goes_to_its_pods_and_the_unused_part_is_idle(tmp_path: Path) -> None:
    catalogue = models("v1") + deployed("v1", resource=POD)
    pods = [
        pod("p", POD, "0.4", "0.1"),
        pod("q", WEB, "0.3"),
        pod("r", "", "0.2", Tags='{"model":"m"}'),
    ]
    ledger = attribute(tmp_path, [charge("a", "10")], catalogue, pods=pods)
    assert ledger.of("a") == {
        ("model_version", "v1", "inference"): 4,
        IDLE: 1,
        ("not_ai", "", ""): 3,
        ("model", "", "inference"): 2,
    }


def test_two_versions_in_one_pod_are_told_apart_by_the_log_to_the_last_digits(
    tmp_path: Path,
) -> None:
    catalogue = models("v1", "v2") + deployed("v1", resource=POD) + deployed("v2", resource=POD)
    usage = [use("v1", gpu=1, resource_id=POD), use("v2", gpu=2, resource_id=POD)]
    ledger = attribute(
        tmp_path, [charge("a", "900")], catalogue, usage=usage, pods=[pod("p", POD, "0.3")]
    )
    assert abs(ledger.of("a")[V1] - 300) < Decimal("1e-14")


def test_a_days_split_rows_weigh_the_log_of_the_whole_day(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1", resource=POD) + deployed("v2", resource=POD)
    usage = [use("v1", hour=3, gpu=1, resource_id=POD), use("v2", hour=9, gpu=2, resource_id=POD)]
    day = charge("a", "24", until=24, ConsumedQuantity=Decimal(24))
    ledger = attribute(tmp_path, [day], catalogue, usage=usage, pods=[pod("p", POD, "1", until=24)])
    found = ledger.of("a")
    assert round(found[V1], 9) == round(found[V2], 9) == 1
    assert round(found[("model", "", "inference")], 9) == 22


# --- discounts, refunds, commitments, overhead ----------------------------------------------------


def discount(charge_id: str, cost: str, **changed: object) -> Row:
    lines = {"x_LineItemType": "EdpDiscount", "ChargeCategory": "Adjustment"}
    return charge(
        charge_id, cost, **{**lines, "ConsumedQuantity": None, "ConsumedUnit": None, **changed}
    )


def test_a_discount_follows_the_split_of_the_charge_it_names(tmp_path: Path) -> None:
    lines = [charge("a", "4"), discount("d", "-0.4"), discount("later", "-4", hour=9, until=10)]
    ledger = attribute(tmp_path, lines, TWO, usage=[use("v1", gpu=900)])
    assert ledger.of("d") == {V1: Decimal("-0.1"), IDLE: Decimal("-0.3")}
    assert ledger.of("later") == {V1: -1, IDLE: -3}, "none in its period: the month's charges"
    assert ledger.words("d", "element", "evidence") == {("adjustment", "follows its resource")}


def test_a_refund_follows_a_resource_that_is_not_ai_and_a_lost_discount_is_overhead(
    tmp_path: Path,
) -> None:
    web = {"ResourceId": "i-0web", "x_UsageType": "USE1-BoxUsage:m5.large", "x_InstanceType": None}
    lines = [
        charge("a", "4", **web),
        charge("r", "-1", **web, x_LineItemType="Refund", ConsumedQuantity=None),
        discount("d", "-1", ResourceId=None, x_UsageType="", x_InstanceType=None),
        discount("e", "-1", ResourceId="i-0gone"),
    ]
    ledger = attribute(tmp_path, lines, TWO)
    assert ledger.of("r", "bucket") == {("not_ai",): -1}
    assert ledger.of("d", "bucket") == {("overhead",): -1}
    assert ledger.of("e", "bucket") == {("overhead",): -1}


PLAN = "arn:aws:savingsplans::1:savingsplan/AB-12"


def test_commitment_lines_are_their_own_bucket_and_their_owners(tmp_path: Path) -> None:
    catalogue = TWO + f'[[resources]]\nid = "{PLAN}"\n[[resources.owners]]\nowner = "finops"\n'
    fee = {"x_LineItemType": "SavingsPlanRecurringFee", "ChargeCategory": "Purchase"}
    back = {"x_LineItemType": "SavingsPlanNegation", "ResourceId": GPU}
    lines = [
        plain("fee", "3", CommitmentDiscountId=PLAN, **fee),
        charge("back", "-1", CommitmentDiscountId=PLAN, **back),
        plain("ri", "2", x_LineItemType="RIFee"),
    ]
    ledger = attribute(tmp_path, lines, catalogue)
    for name in ("fee", "back"):
        assert ledger.words(name, "bucket", "owner") == {("commitment", "finops")}
    assert ledger.words("ri", "bucket", "owner") == {("commitment", "")}


def overheads() -> list[Row]:
    return [
        plain("tax", "0.3", x_LineItemType="Tax", ChargeCategory="Tax"),
        plain("credit", "-0.1", x_LineItemType="Credit", ChargeCategory="Credit"),
        plain("support", "4", x_ServiceCode="AWSSupportBusiness"),
    ]


def test_tax_credits_and_support_are_overhead_until_a_policy_spreads_them(tmp_path: Path) -> None:
    lines = [
        charge("a", "4"),
        plain("web", "4"),
        plain("euro", "9", BillingCurrency="EUR"),
        *overheads(),
    ]
    usage = [use("v1", gpu=1800)]
    kept = attribute(tmp_path, lines, TWO, usage=usage)
    for name in ("tax", "credit", "support"):
        assert set(kept.of(name, "bucket")) == {("overhead",)}
    spread = attribute(tmp_path, lines, TWO, 'overhead = "spread_by_cost"', usage=usage)
    assert spread.of("support", "bucket") == {("model_version",): 1, ("idle",): 1, ("not_ai",): 2}
    assert spread.words("support", "method") == {("policy",)}


# --- who bears idle -------------------------------------------------------------------------------


def test_idle_is_kept_or_borne_by_the_owner_or_by_use_and_the_notional_share_is_the_same(
    tmp_path: Path,
) -> None:
    catalogue = (
        TWO + f'[[resources]]\nid = "{GPU}"\n[[resources.owners]]\nowner = "endpoint-team"\n'
    )
    lines = [charge("a", "4"), charge("b", "4", hour=1), discount("d", "-0.8")]
    usage = [use("v1", gpu=900), use("v2", hour=1, gpu=2700)]
    found = {
        bearer: attribute(
            tmp_path,
            lines,
            catalogue,
            f'idle_bearer = "{bearer}"',
            usage=usage,
            coverage=[watched()],
        )
        for bearer in ("kept", "endpoint_owner", "spread_by_use")
    }
    assert found["kept"].of("a", "bucket", "owner") == {("model_version", ""): 1, ("idle", ""): 3}
    assert found["endpoint_owner"].of("a", "bucket", "owner") == {
        ("model_version", ""): 1,
        ("idle", "endpoint-team"): 3,
    }
    assert found["spread_by_use"].of("a") == {V1: Decimal("1.75"), V2: Decimal("2.25")}
    assert found["spread_by_use"].of("d") == {V1: Decimal("-0.35"), V2: Decimal("-0.45")}
    notional = [ledger.notional_idle for ledger in found.values()]
    assert notional[0].equals(notional[1])
    assert notional[0].equals(notional[2])
    shares = notional[0].select("model_version", "element", "effective_cost").rows()
    assert set(shares) == {
        ("v1", "hardware", Decimal(1)),
        ("v2", "hardware", Decimal(3)),
        ("v1", "adjustment", Decimal("-0.15")),
        ("v2", "adjustment", Decimal("-0.45")),
    }


def test_idle_of_a_resource_without_any_use_spreads_over_its_deployments_hours(
    tmp_path: Path,
) -> None:
    catalogue = models("v1", "v2") + deployed("v1", 0, 180) + deployed("v2", 180)
    ledger = attribute(
        tmp_path,
        [charge("a", "4")],
        catalogue,
        'idle_bearer = "spread_by_use"',
        coverage=[watched()],
    )
    assert ledger.of("a") == {V1: 1, V2: 3}


def test_a_nodes_idle_spreads_over_what_its_pods_used(tmp_path: Path) -> None:
    catalogue = models("v1") + deployed("v1", resource=POD)
    pods = [pod("p", POD, "0.3", "0.4"), pod("q", WEB, "0.1", "0.2")]
    ledger = attribute(
        tmp_path, [charge("a", "10")], catalogue, 'idle_bearer = "spread_by_use"', pods=pods
    )
    assert {key: round(cost, 12) for key, cost in ledger.of("a").items()} == {
        V1: Decimal("7.5"),
        ("not_ai", "", ""): Decimal("2.5"),
    }
    shares = ledger.notional_idle.select("model", "model_version", "effective_cost").rows()
    assert [(m, v, round(cost, 12)) for m, v, cost in shares] == [("m", "v1", Decimal("4.5"))]


def test_a_charge_can_be_spread_twice_by_two_policies_without_a_row_twice(tmp_path: Path) -> None:
    catalogue = models("v1") + models("w1", model="n") + deployed("v1") + deployed("w1", model="n")
    line = charge("a", "4", until=2, ConsumedQuantity=Decimal(2))
    ledger = attribute(
        tmp_path,
        [line],
        catalogue,
        'idle_bearer = "spread_by_use"\nshared_pool = "spread_even"',
        coverage=[watched(0, 1)],
    )
    assert ledger.of("a", "model") == {("m",): 2, ("n",): 2}
    assert ledger.words("a", "evidence") == {("idle by use",), ("shared pool by policy",)}


def test_a_month_without_charges_has_an_empty_ledger(tmp_path: Path) -> None:
    ledger = attribute(tmp_path, [], TWO, usage=[use("v1", gpu=1)], coverage=[watched()])
    assert ledger.rows.is_empty()
    assert ledger.notional_idle.is_empty()
    assert attribute(tmp_path, []).rows.is_empty()


def test_charges_are_split_alike_in_batches_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [charge(str(hour), "10", hour=hour) for hour in range(5)]
    usage = [use(v, hour, gpu=gpu) for v, gpu in (("v1", 700), ("v2", 900)) for hour in range(4)]
    whole = attribute(tmp_path, lines, TWO, usage=usage)
    monkeypatch.setattr(allocation, "SPLIT_BATCH", 2)
    batched = attribute(tmp_path, lines, TWO, usage=usage)
    order = [*ALLOCATED.key]
    assert batched.rows.sort(order).equals(whole.rows.sort(order))
    assert len(whole.of("3")) == 3
