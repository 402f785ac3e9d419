"""Builders of observations: what a test does not say is unimportant to it."""

import math
from datetime import datetime, timedelta

import numpy as np

from pipelines.calibration.observations import Observation
from pipelines.months import month_bounds, months_between

SETTLED = timedelta(days=5)
"""A month's bill is final five days after its end unless a test says otherwise."""


def observation(
    month="2026-01",
    *,
    model="search",
    version="v1",
    component="inference",
    group="h100 replicas",
    formula=100.0,
    k=1.0,
    actual=None,
    cost=None,
    mfu=None,
    known_at=None,
    is_hindsight=False,
    **more,
):
    took = formula * k if actual is None else actual
    return Observation(
        month=month,
        model=model,
        version=version,
        component=component,
        group=group,
        formula=formula,
        actual=took,
        cost=took if cost is None else cost,
        mfu=mfu,
        known_at=known_at or month_bounds(month)[1] + SETTLED,
        is_hindsight=is_hindsight,
        **more,
    )


def from_logs(logs, **more):
    """One observation a month from 2026-01 on, with these ln k."""
    months = months_between("2026-01", "2027-12")
    return [
        observation(month, k=math.exp(log), **more)
        for month, log in zip(months, logs, strict=False)
    ]


def honest_year(seed=1, *, models=4, noise=0.1, component="inference", growth=0.5):
    """A year of a formula that is a constant factor off, on volumes that jump about."""
    random = np.random.default_rng(seed)
    truths = random.normal(0.5, 0.3, models)
    return [
        observation(
            month,
            model=f"m{number}",
            component=component,
            formula=1000 * math.exp(random.normal(0, growth)),
            k=math.exp(truth + random.normal(0, noise)),
        )
        for month in months_between("2025-01", "2025-12")
        for number, truth in enumerate(truths)
    ]


def useless_year(seed=1, *, models=4, component="inference"):
    """A year in which what is billed hardly moves and the formula says anything."""
    random = np.random.default_rng(seed)
    return [
        observation(
            month,
            model=f"m{number}",
            component=component,
            formula=1000 * math.exp(random.normal(0, 0.5)),
            actual=2000 * math.exp(random.normal(0, 0.05)),
        )
        for month in months_between("2025-01", "2025-12")
        for number in range(models)
    ]


def at(text):
    return datetime.fromisoformat(text)
