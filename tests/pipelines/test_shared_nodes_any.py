"""Machines that pods share, on inputs nobody chose: every cent stays, and goes where it is owed."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attribution_builders import GPU, Row, attribute, charge, deployed, models, use, watched
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts import BASES

PODS = ("a", "b", "c")
HOUR_US = 3_600_000_000
CATALOGUE = models(*PODS) + "".join(deployed(pod, resource=f"ml/{pod}-*") for pod in PODS)

HOURS = 4
"""Hours of an example, each with its own charge and use."""

costs = st.decimals(-1000, 1000, places=18)


def per_hour(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, min_size=HOURS, max_size=HOURS)


def charges(amounts: list[tuple[Decimal, ...]]) -> list[Row]:
    return [
        charge(str(hour), hour=hour, **dict(zip(BASES, costs, strict=True)))
        for hour, costs in enumerate(amounts)
    ]


pods = st.lists(
    st.tuples(
        st.sampled_from(PODS),
        st.integers(0, 3 * HOUR_US),
        st.none() | st.integers(0, 3 * HOUR_US),
    ),
    max_size=3,
    unique_by=lambda pod: pod[0],
)


def rows(found: list[tuple[str, int, int | None]], hour: int) -> list[Row]:
    made = []
    for pod, held, busy in found:
        same = {"model": f"ml/{pod}-0", "requests": 0, "gpu_held_microseconds": held}
        made.append(use("", hour, grain="allocation", source="pods", **same))
        if busy is not None:
            measured = same | {"gpu_microseconds": busy}
            made.append(use("", hour, grain="sample", source="dcgm", **measured))
    return made


def owed(found: list[tuple[str, int, int | None]], gpus: int) -> dict[str, Fraction]:
    """The share of an hour that each version worked, `idle`, or nothing where none was there."""
    shares, holds = {}, Fraction(0)
    for pod, held, busy in found:
        hold = max(held, busy or 0)
        shares[pod] = Fraction(hold if busy is None else busy)
        holds += hold
    whole = max(holds, Fraction(gpus * HOUR_US))
    shares["idle"] = whole - sum(shares.values())
    return {key: share / whole for key, share in shares.items() if share}


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    amounts=per_hour(st.tuples(costs, costs, costs, costs)),
    hours=per_hour(pods),
    gpus=st.integers(1, 4),
    policy=st.sampled_from(["kept", "endpoint_owner", "spread_by_use"]),
)
def test_shares_of_pods_keep_every_cent_in_all_four_bases(
    amounts: list[tuple[Decimal, ...]],
    hours: list[list[tuple[str, int, int | None]]],
    gpus: int,
    policy: str,
) -> None:
    lines = charges(amounts)
    catalogue = CATALOGUE + f'[[resources]]\nid = "{GPU}"\ngpus = {gpus}\n'
    usage = [row for hour, found in enumerate(hours) for row in rows(found, hour)]
    with TemporaryDirectory() as folder:
        ledger = attribute(  # which holds each basis against the charge
            Path(folder), lines, catalogue, f'idle_bearer = "{policy}"', usage=usage
        )
    if policy == "spread_by_use":
        return
    for line, found in zip(lines, hours, strict=True):
        if not any(held or busy for _, held, busy in found):
            continue
        parts = ledger.of(line["x_ChargeId"], "bucket", "model_version")
        cost = Fraction(line["EffectiveCost"])
        for key, share in owed(found, gpus).items():
            part = parts.get(("idle", "") if key == "idle" else ("model_version", key), Decimal(0))
            assert abs(Fraction(part) - cost * share) < Fraction(1, 10**9), key


used = st.lists(
    st.tuples(
        st.sampled_from(PODS),
        st.integers(0, 5),
        st.none() | st.integers(0, 2 * HOUR_US),
        st.none() | st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
    ),
    max_size=4,
)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    amounts=per_hour(st.tuples(costs, costs, costs, costs)),
    hours=per_hour(used),
    measure=st.sampled_from(["capacity", "quiet_hours"]),
    is_watched=st.booleans(),
    rollout=st.booleans(),
)
def test_shares_by_use_keep_every_cent_in_all_four_bases(
    amounts: list[tuple[Decimal, ...]],
    hours: list[list[tuple[str, int, int | None, tuple[int, int] | None]]],
    measure: str,
    is_watched: bool,
    rollout: bool,
) -> None:
    """One resource of three versions: over capacity, unused, measured in part, in a roll-out."""
    lines = charges(amounts)
    catalogue = models(*PODS) + deployed("a") + deployed("b")
    catalogue += deployed("c", replicas=2, replaces="a" if rollout else None)
    usage = [
        use(version, hour, requests=requests, gpu=None if gpu is None else Decimal(gpu) / 10**6)
        | ({"input_tokens": tokens[0], "output_tokens": tokens[1]} if tokens else {})
        | {"requests_with_tokens": requests if tokens else 0, "tenant": str(number)}
        for hour, found in enumerate(hours)
        for number, (version, requests, gpu, tokens) in enumerate(found)
    ]
    with TemporaryDirectory() as folder:
        ledger = attribute(
            Path(folder),
            lines,
            catalogue,
            f'idle_measure = "{measure}"',
            usage=usage,
            coverage=[watched()] if is_watched else [],
        )
    assert set(ledger.rows["bucket"]) <= {"model_version", "model", "idle", "shared_pool"}
    for line, found in zip(lines, hours, strict=True):
        if not is_watched and not sum(requests for _, requests, *_ in found):
            buckets = ledger.words(line["x_ChargeId"], "bucket")
            assert ("idle",) not in buckets, "nobody watched"
