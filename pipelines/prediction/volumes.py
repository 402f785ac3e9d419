"""The month's volumes as logs measured them: what takes a forecast's place once it has happened.

Read off the unit costs, where every measure of a version is a quantity beside its cost. The same
quantity stands there once per currency the version was billed in, and is counted once.
"""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import polars as pl

from pipelines.formulas.units import Unit

Volumes = Mapping[tuple[str, str], Mapping[str, Fraction]]
"""By model and version, then by measure; what no log measured is not there, and is never 0."""

MEASURES: Final = {
    "request": ("requests", Fraction(1)),
    "input_token": ("uncached_input_tokens", Fraction(1)),
    "cached_input_token": ("cached_tokens", Fraction(1)),
    "cache_write_token": ("cache_write_tokens", Fraction(1)),
    "output_token": ("output_tokens", Fraction(1)),
    "image": ("images", Fraction(1)),
    "gpu_second_busy": ("gpu_hours", Fraction(1, 3600)),
}
"""A unit of out_spend__unit_costs: the measure it is, and how many of the measure one unit is."""

CACHE_MEASURES: Final = ("cached_tokens", "cache_write_tokens")
INPUT_MEASURES: Final = ("uncached_input_tokens", *CACHE_MEASURES)
TOKEN_MEASURES: Final = (*INPUT_MEASURES, "output_tokens")

SUMS: Final = {"input_tokens": INPUT_MEASURES, "tokens": TOKEN_MEASURES}
"""Measures that are others added up, where at least one of them was measured."""

MEASURE_UNITS: Final[Mapping[str, Unit]] = {
    **dict.fromkeys((*TOKEN_MEASURES, *SUMS), "tokens"),
    "requests": "requests",
    "images": "images",
    "gpu_hours": "GPU-h",
}
"""What each measure is counted in, as a unit of formulas."""


def measured_volumes(unit_costs: pl.DataFrame) -> Volumes:
    """What logs measured of each version's inference in the month.

    `unit_costs`: contract UNIT_COSTS. 2M uncached and 1M cached input tokens of one tenant and 1M
    uncached of another: uncached_input_tokens 3M, cached_tokens 1M, input_tokens and tokens 4M.
    """
    of_log = unit_costs.filter(
        (pl.col("unit_source") == "")
        & (pl.col("component") == "inference")
        & (pl.col("model_version") != "")
        & (pl.col("method") != "no_use")
        & pl.col("unit").is_in(list(MEASURES))
    )
    user = ["model", "model_version", "use_case", "tenant", "unit"]
    once = of_log.group_by(user).agg(pl.col("quantity").max())
    found: dict[tuple[str, str], dict[str, Fraction]] = defaultdict(dict)
    for model, version, _, _, unit, quantity in once.sort(user).iter_rows():
        measure, size = MEASURES[unit]
        known = found[model, version]
        known[measure] = known.get(measure, Fraction(0)) + Fraction(quantity) * size
    for measures in found.values():
        for name, parts in SUMS.items():
            own = [measures[part] for part in parts if part in measures]
            if own:
                measures[name] = sum(own, Fraction(0))
    return dict(found)
