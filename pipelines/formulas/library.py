"""The formulas that there are, by name: gathered from the modules that define them."""

import difflib
from itertools import chain
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

FORMULAS: Final[dict[str, Formula]] = {
    formula.name: formula
    for formula in chain(
        flop.FORMULAS,
        training.FORMULAS,
        mfu.FORMULAS,
        goodput.FORMULAS,
        inference.FORMULAS,
        replicas.FORMULAS,
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
