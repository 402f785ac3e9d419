"""Random small months against a second, plain implementation of the split in exact fractions."""

import random
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from attribution_builders import Row, at, attribute, charge, deployed, models, use, watched

MACHINES = ("i-a", "i-b")
VERSIONS = ("v1", "v2", "v3")
HOURS = 12
Target = tuple[str, str]


class RandomMonth:
    """Twelve hours of two machines: deployments, a log with gaps, odd amounts."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311
        self.live: dict[tuple[str, str], tuple[float, float]] = {}
        for machine in MACHINES:
            for version in rng.sample(VERSIONS, rng.randint(0, 3)):
                start = rng.choice([0, 0, 0, 2, 3.5])
                self.live[machine, version] = (start, rng.choice([720, 720, 6, 8.25]))
        self.measure = rng.choice(["gpu", "gpu", "tokens", "requests"])
        self.idle_measure = rng.choice(["capacity", "quiet_hours"])
        self.bearer = rng.choice(["kept", "endpoint_owner", "spread_by_use"])
        self.watched = rng.choice([None, (0, HOURS), (3, 8)])
        self.usage: list[Row] = []
        for machine in MACHINES:
            for hour in range(HOURS):
                for version in (*VERSIONS, "ghost"):
                    if rng.random() < (0.35 if version != "ghost" else 0.05):
                        self.usage.append(self._use(rng, machine, hour, version))
        self.charges = []
        for machine in MACHINES:
            hour = 0
            while hour < HOURS:
                until = min(HOURS, hour + rng.choice([1, 1, 1, 1, 3]))
                units = rng.choice([0, 1, -1, 7, rng.randint(-(10**22), 10**22)])
                self.charges.append(
                    charge(
                        f"{machine}-{hour}",
                        str(Decimal(units).scaleb(-18)),
                        hour=hour,
                        until=until,
                        ResourceId=machine,
                        ConsumedQuantity=Decimal(until - hour),
                        ListCost=Decimal(rng.randint(-(10**12), 10**12)).scaleb(-10),
                        BilledCost=Decimal(rng.randint(0, 10**30)).scaleb(-18),
                    )
                )
                hour = until

    def _use(self, rng: random.Random, machine: str, hour: int, version: str) -> Row:
        gpu = round(rng.choice([0, rng.uniform(0, 1800), rng.uniform(0, 5000)]), 6)
        return use(
            version,
            hour,
            resource_id=machine,
            requests=rng.randint(1, 9),
            gpu=gpu if self.measure == "gpu" else None,
            tokens=(rng.randint(0, 900), rng.randint(0, 90)) if self.measure == "tokens" else None,
        )

    @property
    def catalogue(self) -> str:
        return models(*VERSIONS) + "".join(
            deployed(version, *span, resource=machine)
            for (machine, version), span in self.live.items()
        )

    def shares(self, machine: str, hour: int) -> dict[Target, Fraction]:
        """Each target's share of one hour; empty where nobody is known to have used it."""
        rows = [u for u in self.usage if u["resource_id"] == machine and u["hour"] == at(hour)]
        known = {m for m, _ in self.live} | {u["resource_id"] for u in self.usage}
        present = {
            ("model_version", version)
            for (where, version), (start, end) in self.live.items()
            if where == machine and start < hour + 1 and end > hour
        } | {target_of(row["model_version"]) for row in rows}
        if rows:
            gpu = self._work(rows, "gpu")
            if self.measure == "gpu" and self.idle_measure == "capacity":
                used = sum(gpu.values())
                whole = max(used, Fraction(3600 * 10**6))
                idle = {("idle", ""): 1 - used / whole}
                return {t: w / whole for t, w in gpu.items()} | idle
            for kind in (self.measure, "requests"):
                work = self._work(rows, kind)
                if sum(work.values()):
                    return {t: w / sum(work.values()) for t, w in work.items()}
        if machine in known and self.watched and self.watched[0] <= hour < self.watched[1]:
            return {("idle", ""): Fraction(1)}
        if not present:
            return {}
        return {min(present) if len(present) == 1 else ("model", ""): Fraction(1)}

    def _work(self, rows: list[Row], kind: str) -> dict[Target, Fraction]:
        work: dict[Target, Fraction] = defaultdict(Fraction)
        for row in rows:
            amount = {
                "gpu": lambda r: r["gpu_microseconds"] or 0,
                "tokens": lambda r: (r["input_tokens"] or 0) + 4 * (r["output_tokens"] or 0),
                "requests": lambda r: r["requests"],
            }[kind](row)
            work[target_of(row["model_version"])] += amount
        return work

    def expected(self, line: Row) -> dict[Target, Fraction]:
        """Each target's share of one charge."""
        first, hours = line["ChargePeriodStart"].hour, int(line["ConsumedQuantity"])
        found = [self.shares(line["ResourceId"], hour) for hour in range(first, first + hours)]
        claimed = [shares for shares in found if shares]
        total: dict[Target, Fraction] = defaultdict(Fraction)
        for shares in claimed:
            for target, share in shares.items():
                total[target] += share / len(claimed)
        if not claimed:
            return {("unattributed", ""): Fraction(1)}
        if self.bearer == "spread_by_use" and total.get(("idle", "")):
            key = self._idle_key(line["ResourceId"])
            if key:
                idle = total.pop(("idle", ""))
                for target, share in key.items():
                    total[target] += idle * share
        return total

    def _idle_key(self, machine: str) -> dict[Target, Fraction]:
        rows = [u for u in self.usage if u["resource_id"] == machine]
        for kind in (self.measure, "requests") if rows else ():
            work = self._work(rows, kind)
            if sum(work.values()):
                return {t: w / sum(work.values()) for t, w in work.items()}
        spans = {
            ("model_version", version): Fraction(end) - Fraction(start)
            for (where, version), (start, end) in self.live.items()
            if where == machine
        }
        return {t: s / sum(spans.values()) for t, s in spans.items()}


def target_of(version: str) -> Target:
    return ("unattributed", "") if version == "ghost" else ("model_version", version)


@pytest.mark.parametrize("seed", range(40))
def test_a_random_month_is_split_as_a_second_implementation_splits_it(
    tmp_path: Path, seed: int
) -> None:
    month = RandomMonth(seed)
    ledger = attribute(
        tmp_path,
        month.charges,
        month.catalogue,
        f'idle_measure = "{month.idle_measure}"\nidle_bearer = "{month.bearer}"',
        usage=month.usage,
        coverage=[watched(*month.watched)] if month.watched else [],
    )
    for line in month.charges:
        expected = month.expected(line)
        found = ledger.of(line["x_ChargeId"], "bucket", "model_version")
        cost = Fraction(line["EffectiveCost"])
        for target in {*expected, *found}:
            wanted = expected.get(target, Fraction(0)) * cost
            difference = Fraction(found.get(target, Decimal(0))) - wanted
            assert abs(difference) <= Fraction(1, 10**15) * max(1, abs(cost)), (line, target)
