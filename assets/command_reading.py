"""What the commands read of the lake: one publication per month, every table through it.

A command reads the publications once, so that a run that publishes in between cannot mix two
states.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import duckdb
import polars as pl

from assets.closing import posted_differences
from assets.lake import Lake, Publication
from assets.project import Project
from pipelines.closing import last_two_states, month_among, restatement_among
from pipelines.errors import MonthNotPublished
from pipelines.registry.names import Names
from pipelines.review.changes import changes_review
from pipelines.review.charge import explain_charge
from pipelines.review.explain import FigureFiles, explain_figure
from pipelines.review.figure import Figure
from pipelines.review.months import ListedMonth, months_sheet
from pipelines.review.rules import rule_texts
from pipelines.review.sheets import PublishedMonth, Review, Sheet

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
        found = month_among(self.publications(month))
        if found is None:
            raise MonthNotPublished(month, list(self._publications))
        return found

    def publications(self, month: str) -> list[Publication]:
        """Every publication of a month, oldest first."""
        return self._publications.get(month, [])

    @cached_property
    def _publications(self) -> dict[str, list[Publication]]:
        """All of them by month: which month an adjustment is posted in depends on the others."""
        found: dict[str, list[Publication]] = {}
        for publication in sorted(self.lake.publications(), key=lambda p: p.billing_month):
            found.setdefault(publication.billing_month, []).append(publication)
        return found

    def table(self, month: str, name: str) -> pl.DataFrame:
        """A table of a published month."""
        return self.lake.read(name, month, self.publication(month))

    def month(self, month: str) -> PublishedMonth:
        """What a review reads of a month."""
        publication = self.publication(month)
        return PublishedMonth(
            publication=vars(publication),
            posted=posted_differences(
                self.lake, chain.from_iterable(self._publications.values()), month
            ),
            **{key: self.table(month, name) for key, name in _TABLES.items()},
        )

    def months_sheet(self) -> Sheet:
        """Every published month: its status, its totals, its publications."""
        return months_sheet(
            ListedMonth(
                publication=vars(self.publication(month)),
                publications=len(found),
                restated_at=beside.published_at if (beside := restatement_among(found)) else None,
                reconciliation=self.table(month, "out_reconciliation"),
            )
            for month, found in self._publications.items()
        )

    def changes(self, month: str, basis: str) -> Review:
        """What moved between the last two publications of a month."""
        self.publication(month)
        before, after = last_two_states(self.publications(month))
        return changes_review(
            month,
            basis,
            [
                (vars(state), self.lake.read(_TABLES["model_months"], month, state))
                for state in (before, after)
                if state is not None
            ],
        )

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
