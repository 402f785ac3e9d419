"""What the commands read of the lake: one publication per month, every table through it.

A command resolves a month once, so that a run that publishes in between cannot mix two states.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from assets.lake import Lake, Publication
from assets.project import Project
from pipelines.registry.names import Names
from pipelines.review.explain import (
    Figure,
    FigureFiles,
    explain_charge,
    explain_figure,
    rule_texts,
)
from pipelines.review.months import months_sheet
from pipelines.review.sheets import PublishedMonth, Sheet

_TABLES = {
    "model_months": "out_spend__model_months",
    "reconciliation": "out_reconciliation",
    "export_totals": "core_billing__export_totals",
    "variance": "out_variance__predicted_vs_actual",
    "predicted": "core_prediction__spend",
    "bill_files": "core_billing__files",
    "bill_rejects": "core_billing__rejects",
    "log_files": "core_inference__files",
    "log_rejects": "core_inference__rejects",
    "coverage": "core_inference__coverage",
}
ALLOCATED = "core_attribution__allocated_charges"
CHARGES = "core_billing__charges"
USAGE = "core_inference__usage"


@dataclass
class Reading:
    """The published months of a project, as they are when first asked for."""

    project: Project
    _resolved: dict[str, Publication] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Path | None) -> "Reading":
        """Of the project whose settings file that is."""
        return cls(Project.load(settings))

    @property
    def lake(self) -> Lake:
        """The project's lake."""
        return Lake(self.project.settings.lake, self.project.cache, self.project.base)

    def publication(self, month: str) -> Publication:
        """The publication that is the month, the same for every table read here.

        Raises:
            MonthNotPublished: there is none.
        """
        if month not in self._resolved:
            self._resolved[month] = self.lake.require_latest(month)
        return self._resolved[month]

    def table(self, month: str, name: str) -> pl.DataFrame:
        """A table of a published month."""
        return self.lake.read(name, month, self.publication(month))

    def month(self, month: str) -> PublishedMonth:
        """What a review reads of a month."""
        publication = self.publication(month)
        return PublishedMonth(
            publication=vars(publication),
            **{key: self.table(month, name) for key, name in _TABLES.items()},
        )

    def months_sheet(self) -> Sheet:
        """Every published month: its status, its totals, its publications."""
        publications: dict[str, list[Publication]] = {}
        for publication in self.lake.publications():
            publications.setdefault(publication.billing_month, []).append(publication)
        facts = []
        for month, found in sorted(publications.items()):
            self._resolved[month] = found[-1]
            facts.append((vars(found[-1]), len(found), self.table(month, "out_reconciliation")))
        return months_sheet(facts)

    def explain(self, figure: Figure, top: int) -> tuple[Sheet, ...]:
        """The walk down from a figure."""
        with self._connection() as con:
            return explain_figure(
                con,
                figure,
                FigureFiles(
                    allocated=self._files(figure.month, ALLOCATED),
                    charges=self._files(figure.month, CHARGES),
                    usage=self._files(figure.month, USAGE),
                ),
                rules=rule_texts(self.project.rules.rules),
                names=Names(self.project.catalogue),
                variance=self.table(figure.month, _TABLES["variance"]),
                predicted=self.table(figure.month, _TABLES["predicted"]),
                top=top,
            )

    def explain_charge(self, month: str, charge_id: str) -> tuple[Sheet, ...]:
        """A charge up to where its parts went."""
        with self._connection() as con:
            return explain_charge(
                con,
                charge_id,
                self._files(month, ALLOCATED),
                self._files(month, CHARGES),
                rule_texts(self.project.rules.rules),
            )

    def _files(self, month: str, table: str) -> list[str]:
        return self.lake.parquet_files(self.publication(month), table)

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(config={"memory_limit": "700MB", "threads": 2}) as con:
            con.execute("SET enable_progress_bar = false")
            yield con
