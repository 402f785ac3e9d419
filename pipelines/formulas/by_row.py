"""Formulas with cases in them, written for one row and lifted over columns."""

import inspect
from collections.abc import Callable
from fractions import Fraction
from functools import wraps

from pipelines.formulas.columns import each
from pipelines.formulas.formula import Value


def by_row(of: Callable[..., Fraction]) -> Callable[..., Value]:
    """The same function for values and columns of them, called by its arguments' names."""
    names = tuple(inspect.signature(of).parameters)

    @wraps(of)
    def call(**values: Value) -> Value:
        return each(of, *(values[name] for name in names))

    return call
