"""What the commands read of the lake: one publication per month, every table through it.

A command reads the publications once, so that a run that publishes in between cannot mix two
states.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from assets.closing import posted_differences
from assets.connections import connect
from assets.lake import Lake, Publication
from assets.project import Project
from assets.registries.history import merged_catalogue
from pipelines.closing import last_two_states, month_among, restatement_among
from pipelines.errors import MonthNotPublished, NoSuchPublication
from pipelines.registry.log_names import LogNames
from pipelines.review.changed_lines import changed_lines_review
from pipelines.review.changes import changes_review, named, published_once
from pipelines.review.charge import explain_charge
from pipelines.review.charge_months import BilledMonth, charge_months_review
from pipelines.review.compare import ComparedMonth
from pipelines.review.explain import FigureFiles, explain_figure
from pipelines.review.figure import Figure
from pipelines.review.missing import missing_from
from pipelines.review.months import ListedMonth, months_sheet
from pipelines.review.rules import rule_texts
from pipelines.review.sheets import MissingSource, PublishedMonth, Review, Sheet, total_by
from pipelines.spend.lifetime import LivedMonth

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
DRIVERS = "out_variance__drivers"
RUNS = "core_registry__runs"
UNIT_COSTS = "out_spend__unit_costs"


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
            missing=tuple(self._missing(month)),
            **{key: self.table(month, name) for key, name in _TABLES.items()},
        )

    def _missing(self, month: str) -> list[MissingSource]:
        """The sources a month is without, and what each was when it was last read."""
        publication, published = self.publication(month), self.publications(month)
        earlier = published[: published.index(publication)]
        found = missing_from(vars(publication), [vars(each) for each in earlier])
        by_id = {each.publication_id: each for each in earlier}
        for number, source in enumerate(found):
            if source.last_read is not None:
                state = by_id[source.last_read["publication_id"]]
                spend = self.lake.read(_TABLES["model_months"], month, state)
                sums = total_by(
                    spend.filter(pl.col("source") == source.name), ["currency"], ["effective_cost"]
                )
                amounts = {key: sum_["effective_cost"] for (key,), sum_ in sums.items()}
                found[number] = replace(source, last_effective=amounts)
        return found

    def charge_months(self, months: Sequence[str], basis: str, by: str) -> Review:
        """The spend of charge months, out of every published billing month."""
        days = "out_spend__model_days"
        billed = [
            BilledMonth(
                publication=vars(self.publication(month)),
                model_months=self.table(month, _TABLES["model_months"]),
                model_days=self.table(month, days) if by == "day" else None,
            )
            for month in self._publications
        ]
        if not billed:
            raise MonthNotPublished(months[0], [])
        return charge_months_review(months, billed, basis, by)

    def months_sheet(self) -> Sheet:
        """Every published month: its status, its totals, its publications."""
        return months_sheet(
            ListedMonth(
                publication=vars(self.publication(month)),
                publications=len(found),
                restated_at=beside.published_at if (beside := restatement_among(found)) else None,
                reconciliation=self.table(month, "out_reconciliation"),
                missing=self._missing(month),
            )
            for month, found in self._publications.items()
        )

    def changes(self, month: str, basis: str, against: str | None = None) -> Review:
        """What moved between the last two publications of a month, or since another one."""
        states = self._two_states(month, against)
        return changes_review(
            month,
            basis,
            [
                (vars(state), self.lake.read(_TABLES["model_months"], month, state))
                for state in states
            ],
        )

    def changed_lines(self, month: str, basis: str, against: str | None, limit: int) -> Review:
        """The same line by line."""
        states = self._two_states(month, against)
        if len(states) == 1:
            return published_once(month, basis, vars(states[0]))
        with self._connection() as con:
            for when, state in zip(("before", "after"), states, strict=True):
                for name, table in (("charges", CHARGES), ("allocated", ALLOCATED)):
                    files = self.lake.parquet_files(state, table)
                    self.lake.relation(con, table, files).create_view(f"{name}_{when}")
            both = [named(vars(state)) for state in states]
            codes = {state.inputs.get("code") for state in states}
            return changed_lines_review(
                con, month, basis, both, limit, is_same_code=len(codes) == 1
            )

    def _two_states(self, month: str, against: str | None) -> list[Publication]:
        """The publications that are compared, the earlier one first; one where there is no other.

        Raises:
            NoSuchPublication: `against` begins no id, or those of several of the month.
        """
        self.publication(month)
        published = self.publications(month)
        before, after = last_two_states(published)
        if against is not None:
            found = [p for p in published if p.publication_id.startswith(against)]
            if len(found) != 1 or found[0] is after:
                raise NoSuchPublication(month, against, [vars(p) for p in published])
            before = found[0]
        return [after] if before is None else [before, after]

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
                names=LogNames(merged_catalogue(self.project).catalogue),
                variance=self.table(figure.month, _TABLES["variance"]),
                predicted=self.table(figure.month, _TABLES["predicted"]),
                drivers=self.table(figure.month, DRIVERS).filter(
                    pl.col("method") == self.project.settings.comparison.method
                ),
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

    def compared(self, month: str) -> ComparedMonth:
        """What a comparison of predicted and actual reads of a month."""
        return ComparedMonth(
            month=month,
            drivers=self.table(month, DRIVERS),
            **{
                key: self.table(month, _TABLES[key])
                for key in ("variance", "predicted", "model_months")
            },
        )

    def lived(self) -> list[LivedMonth]:
        """What the life of a version reads of every published month, oldest first."""
        return [
            LivedMonth(
                month=month,
                unit_costs=self.table(month, UNIT_COSTS),
                runs=self.table(month, RUNS),
                **{key: self.table(month, _TABLES[key]) for key in ("variance", "model_months")},
            )
            for month in self._publications
        ]

    def _files(self, month: str, table: str) -> list[str]:
        return self.lake.parquet_files(self.publication(month), table)

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with TemporaryDirectory() as folder, closing(connect(Path(folder, "spill"))) as con:
            con.execute("SET preserve_insertion_order = true")
            yield con
