"""The files of `sql/attribution` between the hours' claims and the ledger, one by one."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from attribution_builders import GPU, at, charge, pod
from sql_tables import (
    AMOUNTS,
    CALLER_TARGET,
    CLAIM,
    COMMITMENT_OWNER,
    COUNT,
    FLAG,
    HOUR,
    INSTANT,
    LINK,
    LINKED,
    LIVE,
    MONEY,
    NODE_SHARE,
    PART,
    RUN,
    TARGET,
    TEXT,
    USE,
    charge_meanings,
    select,
    table,
)

from pipelines.contracts import CHARGES, SPLIT_SHARES

WHOLE = 10**18
MONTH = {"month_start": at(0), "month_end": at(720)}
ORIGIN_CLAIM = {"origin_id": COUNT, **CLAIM}
HOUR_CLAIM = {"hour_id": COUNT, "split": TEXT, **CLAIM}
OWNERS = {
    **dict.fromkeys(("kind", "name", "owner", "cost_centre"), TEXT),
    "valid_from": INSTANT,
    "valid_until": INSTANT,
}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def target(version: str = "v1", bucket: str = "model_version", **more: Any) -> dict[str, Any]:
    named = bucket in {"model_version", "model"}
    row = {
        "bucket": bucket,
        "model": "m" if named else "",
        "model_version": version if bucket == "model_version" else "",
        "component": "inference" if named else "",
        "method": "usage",
        "evidence": "log",
        "weight": 1,
    }
    return row | more


def linked(number: int, first: int = 0, last: int = 0, **more: Any) -> dict[str, Any]:
    row = {
        "origin_id": number,
        "source": "aws",
        "charge_id": str(number),
        "resource_id": GPU,
        "link_key": "x",
        "split": "capacity",
        "component": "inference",
        "element": "hardware",
        "first_hour": at(first),
        "last_hour": at(last),
        "starts_at": at(first),
        "ends_at": at(last + 1),
    }
    return row | more


def hours(con: duckdb.DuckDBPyConnection, count: int, *charges: dict[str, Any]) -> None:
    """Resource-hours 0..count-1 of `x`, and the charges with the hours they span."""
    rows = [{"hour_id": n, "link_key": "x", "hour": at(n)} for n in range(count)]
    table(con, "resource_hours", HOUR, *rows)
    table(con, "linked_charges", LINKED, *charges)
    columns = {"origin_id": COUNT, "link_key": TEXT, "hour": INSTANT, "overlap_us": COUNT}
    spans = [
        {"origin_id": c["origin_id"], "link_key": "x", "hour": at(h), "overlap_us": 3_600_000_000}
        for c in charges
        for h in range(int((c["last_hour"] - c["first_hour"]).total_seconds() // 3600) + 1)
    ]
    table(con, "charge_hours", columns, *spans)
    table(con, "span_claims", ORIGIN_CLAIM)


def claimed(number: int, split: str = "capacity", **more: Any) -> dict[str, Any]:
    return {"hour_id": number, "split": split, **target(**more)}


SHARE = ["origin_id", "bucket", "model_version", "component", "method", "weight"]


def test_an_hourly_charge_takes_its_hours_claims_of_its_own_split(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hours(con, 2, linked(1), linked(2, 1, 1, split="use"))
    table(
        con,
        "hour_claims",
        HOUR_CLAIM,
        claimed(0, version="v1", weight=3),
        claimed(0, "use", version="v2"),
        claimed(1, version="v3"),
        claimed(1, "use", version="v4"),
    )
    assert select(con, "attribution/charge_claims", SHARE) == [
        (1, "model_version", "v1", "inference", "usage", 3),
        (2, "model_version", "v4", "inference", "usage", 1),
    ]


def test_a_long_charge_adds_its_hours_each_worth_the_same(con: duckdb.DuckDBPyConnection) -> None:
    hours(con, 3, linked(1, 0, 2))
    table(
        con,
        "hour_claims",
        HOUR_CLAIM,
        claimed(0, version="v1", weight=5, method="direct"),
        claimed(1, version="v1", weight=10**13),
        claimed(1, version="v2", weight=10**13),
    )
    assert select(con, "attribution/charge_claims", SHARE) == [
        (1, "model_version", "v1", "inference", "usage", WHOLE // 2 + WHOLE // 4),
        (1, "model_version", "v2", "inference", "usage", WHOLE // 4),
    ], "the third hour has no claims: it says nothing"


def test_storage_stays_storage_whoever_used_it(con: duckdb.DuckDBPyConnection) -> None:
    hours(con, 1, linked(1, split="use", component="storage"))
    table(
        con,
        "hour_claims",
        HOUR_CLAIM,
        claimed(0, "use", version="v1"),
        claimed(0, "use", version="v1", component="update", weight=2),
    )
    assert select(con, "attribution/charge_claims", SHARE) == [
        (1, "model_version", "v1", "storage", "usage", 3)
    ]


def test_a_charge_without_claims_is_not_split(con: duckdb.DuckDBPyConnection) -> None:
    hours(con, 1, linked(1))
    table(con, "hour_claims", HOUR_CLAIM)
    assert select(con, "attribution/charge_claims", SHARE) == []


def spans(
    con: duckdb.DuckDBPyConnection,
    uses: list[dict[str, Any]],
    live: list[dict[str, Any]],
    runs: list[dict[str, Any]] = [],  # noqa: B006
) -> list[tuple[Any, ...]]:
    hours(con, 3, linked(1, 0, 2, split="use"), linked(2, 0, 0, split="use"))
    table(con, "uses", USE, *uses)
    table(con, "live_deployments", LIVE, *live)
    table(con, "live_runs", RUN, *runs)
    return select(con, "attribution/span_claims", ["origin_id", *SHARE[1:]])


def used(version: str, hour: int, **more: Any) -> dict[str, Any]:
    row = {
        "link_key": "x",
        "hour": at(hour),
        "model": "m",
        "model_version": version,
        "is_known": True,
        "requests": 1,
        "all_gpu": "gpu_us" in more,
        "all_tokens": "token_work" in more,
    }
    return row | more


def deployed(version: str, hour: int = 0, model: str = "m") -> dict[str, Any]:
    return {"hour_id": hour, "model": model, "model_version": version}


def test_a_span_is_split_by_one_measure_of_all_its_hours(con: duckdb.DuckDBPyConnection) -> None:
    both = [used("v1", 0, gpu_us=9), used("v2", 2, gpu_us=1)]
    assert [row[2::3] for row in spans(con, both, [])] == [("v1", 9), ("v2", 1)]
    mixed = [used("v1", 0, gpu_us=9, requests=4), used("v2", 2, requests=6)]
    assert [row[2::3] for row in spans(con, mixed, [])] == [("v1", 4), ("v2", 6)]
    outside = [used("v1", 3, gpu_us=9), used("v2", 2, gpu_us=1)]
    assert [row[2::3] for row in spans(con, outside, [])] == [("v2", 1)]


def test_a_silent_span_is_its_runs_then_its_deployments(con: duckdb.DuckDBPyConnection) -> None:
    run = {**deployed("v3", 1), "component": "training", "run_us": 5}
    assert spans(con, [], [deployed("v1")], [run]) == [
        (1, "model_version", "v3", "training", "direct", 5)
    ]
    alone = [deployed("v1", 0), deployed("v1", 1)]
    assert spans(con, [], alone) == [(1, "model_version", "v1", "inference", "direct", 1)]
    two = [deployed("v1"), deployed("v2", 1)]
    assert spans(con, [], two) == [(1, "model", "", "inference", "not_measured", 1)]
    others = [deployed("v1"), deployed("v1", 1, "n")]
    assert spans(con, [], others) == [(1, "shared_pool", "", "", "not_measured", 1)]
    assert spans(con, [], []) == []


NAMED = {
    **dict.fromkeys(("tag_model", "tag_version", "model", "model_version"), TEXT),
    "is_known": FLAG,
}
TAG_SET = dict.fromkeys(
    ("tags", "allocated_tags", "tag_model", "tag_version", "tag_component"), TEXT
)


def pods(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], *claims: dict[str, Any]
) -> list[tuple[Any, ...]]:
    hours(con, 2, linked(1, starts_at=at(0), ends_at=at(1)))
    table(con, "hour_claims", HOUR_CLAIM, *claims)
    table(con, "split_shares", SPLIT_SHARES.columns, *rows)
    columns = {"source": TEXT, "x_ShareId": TEXT, "link_key": TEXT, "hour": INSTANT}
    spans = [
        {
            "source": "aws",
            "x_ShareId": row["x_ShareId"],
            "link_key": "x" if row["ResourceId"] == "mine" else None,
            "hour": at(0),
        }
        for row in rows
    ]
    table(con, "pod_hours", columns, *spans)
    tags = {"tags": "T", "allocated_tags": "", "tag_model": "m", "tag_version": "v9"}
    table(con, "tag_sets", TAG_SET, tags)
    named = {"tag_model": "m", "tag_version": "v9", "model": "m", "model_version": "v9"}
    table(con, "tag_names", NAMED, named)
    table(con, "tag_components", {"tag_component": TEXT, "component": TEXT})
    return select(con, "attribution/pod_claims", SHARE)


def test_pods_share_their_node_and_unused_reservations_are_idle(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = [
        pod("a", "mine", "0.2", "0.1"),
        pod("b", "web", "0.3"),
        pod("c", "", "0.4", Tags="T"),
        pod("later", "mine", "9", hour=1),
    ]
    claims = [claimed(0, "use", version="v1"), claimed(0, "use", version="v2", weight=3)]
    assert pods(con, rows, *claims) == [
        (1, "idle", "", "", "usage", WHOLE // 10),
        (1, "model_version", "v1", "inference", "usage", WHOLE // 20),
        (1, "model_version", "v2", "inference", "usage", WHOLE * 3 // 20),
        (1, "model_version", "v9", "inference", "usage", WHOLE * 4 // 10),
        (1, "not_ai", "", "", "usage", WHOLE * 3 // 10),
    ]
    assert pods(con, []) == []
    assert pods(con, [pod("free", "web", "0")]) == [], "shares of nothing decide nothing"


def test_pods_decide_before_hours_and_hours_before_standing_links(
    con: duckdb.DuckDBPyConnection,
) -> None:
    table(con, "linked_charges", LINKED, *(linked(n, component="storage") for n in (1, 2, 3)))
    table(con, "pod_claims", ORIGIN_CLAIM, {"origin_id": 1, **target("pod")})
    both = [{"origin_id": 1, **target("hour")}, {"origin_id": 2, **target("hour")}]
    table(con, "charge_claims", ORIGIN_CLAIM, *both)
    standing = target("", "model", component="", method="direct", evidence="resource")
    table(con, "static_claims", {"link_key": TEXT, **CLAIM}, {"link_key": "x", **standing})
    columns = ["origin_id", "share", "bucket", "model_version", "component"]
    assert select(con, "attribution/claims", columns) == [
        (1, 1, "model_version", "pod", "inference"),
        (2, 1, "model_version", "hour", "inference"),
        (3, 1, "model", "", "storage"),
    ]


def test_shares_are_numbered_in_a_fixed_order(con: duckdb.DuckDBPyConnection) -> None:
    table(con, "linked_charges", LINKED, linked(1))
    table(con, "pod_claims", ORIGIN_CLAIM)
    table(con, "static_claims", {"link_key": TEXT, **CLAIM})
    rows = [{"origin_id": 1, **target(v)} for v in ("v2", "v1")]
    table(con, "charge_claims", ORIGIN_CLAIM, *rows, {"origin_id": 1, **target(bucket="idle")})
    assert select(con, "attribution/claims", ["share", "bucket", "model_version"]) == [
        (1, "idle", ""),
        (2, "model_version", "v1"),
        (3, "model_version", "v2"),
    ]


def part(charge_id: str, cost: str, **more: Any) -> dict[str, Any]:
    row = target(**{k: more.pop(k) for k in ("version", "bucket") if k in more})
    del row["weight"]
    costs = dict.fromkeys(AMOUNTS, Decimal(cost))
    return {"source": "aws", "charge_id": charge_id, "link_key": "x", **row, **costs, **more}


def test_parts_carry_the_claim_and_the_exact_amounts(con: duckdb.DuckDBPyConnection) -> None:
    table(con, "origins", LINKED, linked(7, rule_id="r"))
    table(con, "shares", {"share": COUNT, **ORIGIN_CLAIM}, {"share": 1, "origin_id": 7, **target()})
    amounts = dict.fromkeys(AMOUNTS, Decimal("0.5"))
    table(
        con,
        "split_amounts",
        {"origin_id": COUNT, "share": COUNT, **AMOUNTS},
        {"origin_id": 7, "share": 1, **amounts},
    )
    columns = ["charge_id", "link_key", "model_version", "element", "rule_id", "EffectiveCost"]
    assert select(con, "attribution/parts", columns) == [
        ("7", "x", "v1", "hardware", "r", Decimal("0.5"))
    ]


KEY = {"link_key": TEXT, **TARGET, "weight": "HUGEINT"}


def link(kind: str, version: str, start: float | None = 0, until: float | None = 720) -> Any:
    return {
        "link_key": "x",
        "kind": kind,
        "model": "m",
        "model_version": version,
        "component": {"run": "training", "artefact": "storage"}.get(kind, "inference"),
        "valid_from": None if start is None else at(start),
        "valid_until": None if until is None else at(until),
    }


def idle_keys(
    con: duckdb.DuckDBPyConnection,
    uses: list[dict[str, Any]],
    links: list[dict[str, Any]],
    *pod_claims: dict[str, Any],
) -> list[tuple[Any, ...]]:
    table(con, "uses", USE, *uses)
    table(con, "links", LINK, *links)
    table(con, "linked_charges", LINKED, linked(1), linked(2, 720, 720))
    table(con, "pod_claims", ORIGIN_CLAIM, *pod_claims)
    table(con, "node_shares", NODE_SHARE)
    table(con, "resource_hours", HOUR)
    columns = ["link_key", "bucket", "model_version", "weight"]
    return select(con, "attribution/idle_keys", columns, **MONTH)


def test_idle_goes_by_the_months_use_then_pods_then_runs_then_deployments(
    con: duckdb.DuckDBPyConnection,
) -> None:
    links = [link("deployment", "v1", 0, 1), link("deployment", "v2", -5, 3)]
    runs = [link("run", "v3", 719, 900)]
    pods = [{"origin_id": n, **target("v4", weight=WHOLE)} for n in (1, 2)]
    pods.append({"origin_id": 1, **target(bucket="idle", weight=WHOLE)})
    uses = [used("v5", 0, gpu_us=2), used("v5", 719, gpu_us=3), used("v6", 720, gpu_us=9)]
    hour = 3_600_000_000
    assert idle_keys(con, uses, links + runs, *pods) == [("x", "model_version", "v5", 5)]
    assert idle_keys(con, [], links + runs, *pods) == [("x", "model_version", "v4", 10**12)]
    assert idle_keys(con, [], links + runs) == [("x", "model_version", "v3", hour)]
    assert idle_keys(con, [], links) == [
        ("x", "model_version", "v1", hour),
        ("x", "model_version", "v2", 3 * hour),
    ]
    assert idle_keys(con, [], []) == []


def pool_keys(con: duckdb.DuckDBPyConnection, *, by_cost: bool) -> list[tuple[Any, ...]]:
    return select(
        con,
        "attribution/pool_keys",
        ["bucket", "model_version", "weight"],
        by_cost=by_cost,
        **MONTH,
    )


def test_a_pool_is_shared_by_all_that_was_linked_in_the_month(
    con: duckdb.DuckDBPyConnection,
) -> None:
    gone = link("deployment", "gone", -9, 0)
    table(con, "links", LINK, link("artefact", "", None, None), link("run", "v1"), gone)
    costs = {**TARGET, "EffectiveCost": MONEY}
    table(con, "target_costs", costs)
    both = [("model", "", 1), ("model_version", "v1", 1)]
    assert pool_keys(con, by_cost=False) == both
    assert pool_keys(con, by_cost=True) == both, "nobody has a cost of its own: evenly"
    spent = {k: v for k, v in target("v1").items() if k in TARGET}
    table(con, "target_costs", costs, {**spent, "EffectiveCost": Decimal(2)})
    assert pool_keys(con, by_cost=True) == [("model", "", 0), ("model_version", "v1", 2_000_000)]


def test_parts_of_a_bucket_are_spread_by_their_resources_key(
    con: duckdb.DuckDBPyConnection,
) -> None:
    idle = [
        part("a", "3", bucket="idle"),
        part("b", "1", bucket="idle", link_key="y"),
        part("c", "1", version="v1"),
    ]
    table(con, "parts", PART, *idle)
    key = {k: v for k, v in target("v1").items() if k in KEY}
    table(con, "keys", KEY, {"link_key": "x", **key}, {"link_key": "x", **key, "component": "a"})
    con.execute("CREATE TEMP TABLE respread AS " + "SELECT 1 AS origin_id, 'x' AS link_key")
    assert select(con, "attribution/respread", ["charge_id"], bucket="idle") == [("a",)]
    columns = ["origin_id", "share", "component", "method", "evidence"]
    assert select(con, "attribution/respread_claims", columns, evidence="why") == [
        (1, 1, "a", "policy", "why"),
        (1, 2, "inference", "policy", "why"),
    ]


def test_idle_is_summed_per_resource_and_shown_to_every_version(
    con: duckdb.DuckDBPyConnection,
) -> None:
    table(con, "charges", CHARGES.columns, charge("a"), charge("b"), charge("e", ConsumedUnit=None))
    idle = [part(name, "2", bucket="idle", element="hardware") for name in ("a", "b", "e")]
    table(con, "parts", PART, *idle, part("a", "9", version="v1", element="hardware"))
    table(con, "keys", KEY, {"link_key": "x"})
    columns = ["link_key", "element", "unit", "EffectiveCost", "ConsumedQuantity", "BilledCost"]
    assert select(con, "attribution/idle_sums", columns) == [
        ("x", "hardware", "", 2, 2, 0),
        ("x", "hardware", "Hrs", 4, 4, 0),
    ]
    con.execute(
        "CREATE TEMP TABLE respread AS SELECT 1 AS origin_id, 'aws' AS source, "
        "'hardware' AS element, '' AS usage_type, '2026-09' AS charge_month, "
        "'USD' AS currency, 'Hrs' AS unit"
    )
    shares = {"origin_id": COUNT, "share": COUNT, **TARGET}
    rows = [
        {"origin_id": 1, "share": 1, "model": "m", "model_version": "v1", "component": "inference"},
        {"origin_id": 1, "share": 2, "bucket": "not_ai", "model": "", "model_version": ""},
    ]
    table(con, "respread_claims", shares, *rows)
    amounts = {"origin_id": COUNT, "share": COUNT, **AMOUNTS}
    half = {"EffectiveCost": Decimal(1), "ConsumedQuantity": None}
    table(con, "split_amounts", amounts, *({"origin_id": 1, "share": n, **half} for n in (1, 2)))
    columns = ["model_version", "element", "unit", "quantity", "effective_cost"]
    assert select(con, "attribution/notional_idle", columns, month="2026-09") == [
        ("v1", "hardware", "Hrs", 0, 1)
    ]


SIZED = {
    "source": TEXT,
    "resource_id": TEXT,
    "charge_month": TEXT,
    "ChargePeriodStart": INSTANT,
    "ChargePeriodEnd": INSTANT,
    **TARGET,
    "EffectiveCost": MONEY,
}


def sized(version: str, cost: str, hour: int = 0) -> dict[str, Any]:
    named = {k: v for k, v in target(version).items() if k in TARGET}
    period = {"ChargePeriodStart": at(hour), "ChargePeriodEnd": at(hour + 1)}
    rest = {"source": "aws", "resource_id": GPU, "charge_month": "2026-09"}
    return {**named, **period, **rest, "EffectiveCost": Decimal(cost)}


def test_a_discount_follows_its_period_else_its_month_by_size(
    con: duckdb.DuckDBPyConnection,
) -> None:
    columns = {"charge_month": TEXT, **LINKED}
    follows = [
        {**linked(1), "charge_month": "2026-09"},
        {**linked(2, 5, 5), "charge_month": "2026-09"},
        {**linked(3, 5, 5), "charge_month": "2026-08"},
    ]
    table(con, "following", columns, *follows)
    rows = [sized("v1", "1"), sized("v2", "-3"), sized("v3", "4", 1), sized("v4", "0")]
    table(con, "resource_targets", SIZED, *rows)
    found = select(
        con, "attribution/follow_claims", ["origin_id", "share", "model_version", "weight"]
    )
    unit = 10**9
    assert found == [
        (1, 1, "v1", unit),
        (1, 2, "v2", 3 * unit),
        (2, 1, "v1", unit),
        (2, 2, "v2", 3 * unit),
        (2, 3, "v3", 4 * unit),
    ]


def plain(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    table(
        con,
        "plain_targets",
        {
            **CHARGES.columns,
            **TARGET,
            **dict.fromkeys(("element", "rule_id", "method", "evidence"), TEXT),
        },
        *rows,
    )


def placed(charge_id: str, cost: str, bucket: str, **more: Any) -> dict[str, Any]:
    found = {k: v for k, v in target("v1", bucket).items() if k != "weight"}
    return {**charge(charge_id, cost), **found, **more}


def test_targets_and_their_costs_are_whole_charges_and_parts_together(
    con: duckdb.DuckDBPyConnection,
) -> None:
    plain(
        con,
        placed("a", "1", "model_version"),
        placed("o", "9", "overhead"),
        placed("d", "-1", "not_ai"),
    )
    table(con, "charges", CHARGES.columns, charge("p"))
    table(con, "parts", PART, part("p", "2", version="v1"), part("p", "3", bucket="idle"))
    assert select(
        con, "attribution/target_costs", ["bucket", "model_version", "EffectiveCost"]
    ) == [
        ("idle", "", 3),
        ("model_version", "v1", 3),
        ("not_ai", "", -1),
        ("overhead", "", 9),
    ]
    table(con, "following", LINKED, linked(1, charge_id="d"))
    columns = ["x_ChargeId", "bucket", "EffectiveCost"]
    assert select(con, "attribution/resource_targets", columns) == [
        ("a", "model_version", 1),
        ("p", "idle", 3),
        ("p", "model_version", 2),
    ]
    assert select(con, "attribution/overhead_charges", ["charge_id"]) == [("o",)]


def test_overhead_is_claimed_by_cost_of_the_same_payer_and_currency(
    con: duckdb.DuckDBPyConnection,
) -> None:
    who = {"source": TEXT, "BillingAccountId": TEXT, "BillingCurrency": TEXT}
    payer = {"source": "aws", "BillingAccountId": None, "BillingCurrency": "USD"}
    table(con, "overhead_charges", {"origin_id": COUNT, **who}, {"origin_id": 1, **payer})

    def cost(bucket: str, amount: str, **more: Any) -> dict[str, Any]:
        named = {k: v for k, v in target("v1", bucket).items() if k in TARGET}
        return {**payer, **named, "EffectiveCost": Decimal(amount), **more}

    rows = [
        cost("model_version", "2"),
        cost("idle", "1"),
        cost("overhead", "9"),
        cost("commitment", "9"),
        cost("not_ai", "-1"),
        cost("not_ai", "5", BillingCurrency="EUR"),
        cost("not_ai", "5", BillingAccountId="p2"),
    ]
    table(con, "target_costs", {**who, **TARGET, "EffectiveCost": MONEY}, *rows)
    columns = ["origin_id", "share", "bucket", "method", "weight"]
    assert select(con, "attribution/overhead_claims", columns) == [
        (1, 1, "idle", "policy", 10**6),
        (1, 2, "model_version", "policy", 2 * 10**6),
    ]


def test_the_ledger_joins_parts_and_whole_charges_with_their_owners(
    con: duckdb.DuckDBPyConnection,
) -> None:
    plan = "arn:aws:savingsplans::1:savingsplan/A"
    plain(
        con,
        placed("fee", "1", "commitment", CommitmentDiscountId=plan),
        placed("whole", "1", "model_version", ChargePeriodStart=at(10), ChargePeriodEnd=at(11)),
    )
    table(con, "charges", CHARGES.columns, charge("p"))
    table(con, "parts", PART, part("p", "2", version="v1"), part("p", "3", bucket="idle"))
    table(
        con,
        "commitment_owners",
        COMMITMENT_OWNER,
        {"commitment_id": plan, "owner": "finops", "valid_from": at(0), "valid_until": at(720)},
        {"commitment_id": plan, "owner": "later", "valid_from": at(720), "valid_until": at(999)},
    )

    def owner(kind: str, name: str, who: str, start: float, until: float) -> dict[str, Any]:
        dates = {"valid_from": at(start), "valid_until": at(until)}
        return {"kind": kind, "name": name, "owner": who, "cost_centre": "", **dates}

    table(
        con,
        "owners",
        OWNERS,
        owner("model", "m", "old", 0, 10),
        owner("model", "m", "new", 10, 720),
        owner("resource", "x", "endpoint", 0, 720),
        owner("resource", "", "nobody", 0, 1),
    )
    columns = ["x_OriginChargeId", "bucket", "owner", "EffectiveCost"]

    def ledger(*, idle_to_owner: bool) -> list[tuple[Any, ...]]:
        return select(
            con,
            "attribution/allocated_charges",
            columns,
            month="2026-09",
            idle_to_owner=idle_to_owner,
        )

    kept = ledger(idle_to_owner=False)
    assert ("p", "idle", "endpoint", 3) in ledger(idle_to_owner=True)
    assert ("fee", "commitment", "finops", 1) in kept
    assert ("p", "model_version", "old", 2) in kept
    assert ("whole", "model_version", "new", 1) in kept
    assert len(kept) == 4


FOUND = ["x_ChargeId", "bucket", "model", "model_version", "component", "evidence"]


def test_whole_charges_go_by_rule_tag_usage_type_service_and_evidence(
    con: duckdb.DuckDBPyConnection,
) -> None:
    kinds = {
        "rule": {"bucket": "overhead"},
        "follow": {"bucket": "overhead", "is_following": True},
        "tag": {"model": "text"},
        "text": {"model": "text", "model_version": "t1", "service_model": "srv"},
        "service": {"service_model": "srv"},
        "ai": {"is_ai": True},
        "none": {},
        "split": {},
    }
    lines = [
        charge(name, x_UsageType=name, Tags="T" if name in {"rule", "tag"} else None)
        for name in kinds
    ]
    table(con, "charges", CHARGES.columns, *lines)
    charge_meanings(con, kinds)
    tags = {"tags": "T", "allocated_tags": "", "tag_model": "a", "tag_version": ""}
    table(con, "tag_sets", TAG_SET, {**tags, "tag_component": "train"})
    table(con, "caller_targets", CALLER_TARGET)
    table(
        con,
        "tag_names",
        NAMED,
        {"tag_model": "a", "tag_version": "", "model": "m", "model_version": ""},
    )
    component = {"tag_component": "train", "component": "training"}
    table(con, "tag_components", {"tag_component": TEXT, "component": TEXT}, component)
    table(con, "linked_resources", {"resource_id": TEXT, "link_key": TEXT})
    table(con, "links", LINK)
    table(con, "ai_accounts", {"account": TEXT})
    table(
        con,
        "split_charges",
        {"source": TEXT, "charge_id": TEXT},
        {"source": "aws", "charge_id": "split"},
    )
    assert select(con, "attribution/plain_targets", FOUND) == [
        ("ai", "unattributed", "", "", "", "AI service or accelerator"),
        ("follow", "overhead", "", "", "", "rule"),
        ("none", "not_ai", "", "", "", ""),
        ("rule", "overhead", "", "", "", "rule"),
        ("service", "model", "srv", "", "inference", "service"),
        ("tag", "model", "m", "", "training", "tag"),
        ("text", "model_version", "text", "t1", "inference", "usage type"),
    ]
    table(con, "ai_accounts", {"account": TEXT}, {"account": "team"})
    assert ("none", "unattributed", "", "", "", "AI account") in select(
        con, "attribution/plain_targets", FOUND
    )
    table(
        con,
        "linked_resources",
        {"resource_id": TEXT, "link_key": TEXT},
        {"resource_id": GPU, "link_key": "x"},
    )
    table(con, "links", LINK, {"link_key": "x"}, {"link_key": "x"})
    linked_rows = select(con, "attribution/plain_targets", FOUND)
    assert len(linked_rows) == 7, "two links of one resource are one charge"
    assert (
        "none",
        "unattributed",
        "",
        "",
        "",
        "resource without a deployment at the time",
    ) in linked_rows
