"""How much work a token is, from hours in which GPU time and tokens were both measured.

GPU time of an hour = input x a + cached x b + output x c, fitted per version by least squares with
no weight below zero, in exact fractions: the same hours always give the same weights. They serve
where GPU time is not measured. Versions that were not measured keep the settings' weights, as the
measured ones are on average.

Where the hours cannot tell the kinds of tokens apart (too few, always in one proportion), the
settings' weights keep their proportion and only the version's scale is fitted.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any, Final

import duckdb

from pipelines.queries import query, rows_of
from pipelines.registry.weights import thousandths
from pipelines.settings import TokenWeights

MIN_HOURS: Final = 24
"""Hours with fewer are chance."""

_KINDS: Final = ("i", "c", "o")
_WEIGHTS: Final = ("input_weight", "cache_weight", "output_weight")


def calibrate(con: duckdb.DuckDBPyConnection, usual: TokenWeights) -> list[str]:
    """Add fitted weights to the table `token_weights`; says which, to be read beside the month."""
    stated = set(con.execute("SELECT model, model_version FROM token_weights").fetchall())
    usual_weights = [Fraction(thousandths(usual)[name]) for name in _WEIGHTS]
    fits = []
    for row in rows_of(query(con, "attribution/token_fits")):
        names = (row.pop("model"), row.pop("model_version"))
        sums = {key: int(value) for key, value in row.items()}
        if sums["hours"] >= MIN_HOURS and names not in stated and _work(sums, usual_weights):
            fits.append((names, sums))
    if not fits:
        return []
    gpu_time = sum(sums["g"] for _, sums in fits)
    unit = gpu_time / sum((_work(sums, usual_weights) for _, sums in fits), Fraction(0))
    said = []
    for (model, version), sums in fits:
        per_token = fit(sums, usual_weights)
        weights = [max(1, round(weight / unit)) if weight else 0 for weight in per_token]
        con.execute("INSERT INTO token_weights VALUES (?, ?, ?, ?, ?)", [model, version, *weights])
        shown = ", ".join(
            f"{name} {weight / 1000:g}"
            for name, weight in zip(("input", "cached", "output"), weights, strict=True)
        )
        said.append(
            f"token weights of {model} {version} are fitted to {sums['hours']} hours with GPU "
            f"time: {shown}"
        )
    return said


def fit(sums: Mapping[str, int], usual: Sequence[Fraction]) -> list[Fraction]:
    """GPU microseconds per input, cached and output token.

    Kinds of tokens that never came keep their proportion to the input (to the output, if no input
    came) in `usual`.
    """
    seen = [number for number, kind in enumerate(_KINDS) if sums[kind]]
    found = _least_squares(sums, seen)
    if found is None:
        scale = sums["g"] / _work(sums, usual)
        return [scale * weight for weight in usual]
    by = 0 if 0 in found else max(found)
    scale = found[by] / usual[by]
    return [found.get(number, scale * usual[number]) for number in range(len(_KINDS))]


def _least_squares(sums: Mapping[str, int], seen: Sequence[int]) -> dict[int, Fraction] | None:
    """The best weights of the kinds seen, none negative; None where input or output has none.

    Cached tokens alone may weigh nothing.
    """
    best: dict[int, Fraction] | None = None
    best_explained = Fraction(-1)
    for size in range(1, len(seen) + 1):
        for chosen in combinations(seen, size):
            solved = _solve(
                [[Fraction(sums[_product(a, b)]) for b in chosen] for a in chosen],
                [Fraction(sums[_KINDS[a] + "g"]) for a in chosen],
            )
            if solved is None or min(solved) < 0:
                continue
            explained = sum(
                (x * sums[_KINDS[a] + "g"] for a, x in zip(chosen, solved, strict=True)),
                Fraction(0),
            )
            if explained > best_explained:
                zeros = dict.fromkeys(seen, Fraction(0))
                best, best_explained = zeros | dict(zip(chosen, solved, strict=True)), explained
    if best is None or any(not best[number] for number in seen if _KINDS[number] != "c"):
        return None
    return best


def _product(a: int, b: int) -> str:
    return _KINDS[min(a, b)] + _KINDS[max(a, b)]


def _solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction] | None:
    """The solution of a small system, None where there is no single one."""
    rows: list[list[Any]] = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for column in range(size):
        pivot = next((r for r in range(column, size) if rows[r][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for other in range(size):
            if other != column:
                factor = rows[other][column]
                rows[other] = [
                    value - factor * base
                    for value, base in zip(rows[other], rows[column], strict=True)
                ]
    return [row[-1] for row in rows]


def _work(sums: Mapping[str, int], weights: Sequence[Fraction]) -> Fraction:
    return sum(
        (sums[kind] * weight for kind, weight in zip(_KINDS, weights, strict=True)), Fraction(0)
    )
