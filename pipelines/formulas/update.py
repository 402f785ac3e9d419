"""Update: what a new version costs beside its predecessor, by mode, and its roll-out."""

from typing import Final

from pipelines.formulas.formula import Formula

FORMULAS: Final[tuple[Formula, ...]] = ()
