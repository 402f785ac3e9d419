"""The formulas that there are, by name: gathered from the modules that define them."""

import difflib
from typing import Final

from pipelines.errors import FormulaUnknown
from pipelines.formulas import (
    articles,
    bandwidth,
    commitments,
    flop,
    goodput,
    inference,
    managed_api,
    mfu,
    overheads,
    replicas,
    serverless,
    storage,
    training,
    update,
)
from pipelines.formulas.formula import Formula

MODULES: Final = (
    flop,
    training,
    mfu,
    goodput,
    inference,
    replicas,
    managed_api,
    serverless,
    storage,
    update,
    bandwidth,
    overheads,
    commitments,
    articles,
)
"""In the order of the articles' components: training, inference, storage, update; then what several
of them share."""

FORMULAS: Final[dict[str, Formula]] = {
    formula.name: formula for module in MODULES for formula in module.FORMULAS
}


def formula_named(name: str) -> Formula:
    """The formula of a name.

    Raises:
        FormulaUnknown: there is none; names the nearest ones.
    """
    if name not in FORMULAS:
        near = difflib.get_close_matches(name, FORMULAS, n=3, cutoff=0.4)
        raise FormulaUnknown(name, near)
    return FORMULAS[name]
