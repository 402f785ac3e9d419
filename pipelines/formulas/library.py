"""The formulas that there are, by name: gathered from the modules that define them."""

import difflib
from itertools import chain
from typing import Final

from pipelines.errors import FormulaUnknown
from pipelines.formulas import (
    articles,
    bandwidth,
    commitments,
    inference,
    managed_api,
    overheads,
    serverless,
    storage,
    training,
    update,
)
from pipelines.formulas.formula import Formula

FORMULAS: Final[dict[str, Formula]] = {
    formula.name: formula
    for formula in chain(
        training.FORMULAS,
        inference.FORMULAS,
        managed_api.FORMULAS,
        serverless.FORMULAS,
        storage.FORMULAS,
        update.FORMULAS,
        bandwidth.FORMULAS,
        overheads.FORMULAS,
        commitments.FORMULAS,
        articles.FORMULAS,
    )
}
"""In the order of the articles' components: training, inference, storage, update; then
what several of them share."""


def formula_named(name: str) -> Formula:
    """The formula of a name.

    Raises:
        FormulaUnknown: there is none; names the nearest ones.
    """
    if name not in FORMULAS:
        near = difflib.get_close_matches(name, FORMULAS, n=3, cutoff=0.4)
        raise FormulaUnknown(name, near)
    return FORMULAS[name]
