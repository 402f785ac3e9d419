"""One class per cause.

Each carries its facts as attributes and says in one text: which month or file, how much, what was
not done, and where to look. `exit_code` is what the command ends with.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar


class ModelspendError(Exception):
    """Any error whose text is written for the person who runs modelspend."""

    exit_code: ClassVar[int] = 1


class BadInput(ModelspendError):
    """Settings, a catalogue, a bill or a log cannot be used as it is (exit code 3)."""

    exit_code = 3


class SettingsInvalid(BadInput):
    """A key of `modelspend.toml`, the catalogue, the rules or a plan file is wrong."""

    def __init__(self, file: str, problems: list[str]) -> None:
        self.file, self.problems = file, problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{file} cannot be used:\n{lines}\nNothing was read or written.")


class FormulaInputInvalid(BadInput):
    """Inputs of a formula are missing, of another dimension, or outside their range."""

    def __init__(self, formula: str, problems: Sequence[str]) -> None:
        self.formula, self.problems = formula, list(problems)
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            f"formula {formula} was not computed:\n{lines}\n"
            f"`modelspend formula {formula}` shows its symbols, units and ranges."
        )


class FormulaUnknown(BadInput):
    """The library has no formula of this name."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        self.name, self.near = name, list(near)
        meant = f"; the nearest are {', '.join(near)}" if near else ""
        super().__init__(
            f"there is no formula {name!r}{meant}. `modelspend formula` lists them all."
        )


class CalibrationRefused(BadInput):
    """Coefficients cannot be told from these observations: which, and why."""

    def __init__(self, what: str, problem: str) -> None:
        self.what, self.problem = what, problem
        super().__init__(f"{what} was not calibrated: {problem}. No coefficients were written.")


class CalibrationUnreadable(BadInput):
    """A file among the calibrations is none, or is damaged."""

    def __init__(self, file: str, problem: str) -> None:
        self.file, self.problem = file, problem
        super().__init__(
            f"{file} cannot be read as a calibration: {problem}. Put it back from a copy, or move "
            "it away; the others are read as they are."
        )


class CalibrationUnknown(BadInput):
    """A calibration was named that there is not, or by the beginning of several ids."""

    def __init__(self, asked: str, known: Sequence[str]) -> None:
        self.asked, self.known = asked, list(known)
        listed = "\n".join(f"  {one}" for one in known) or "  none was made yet"
        super().__init__(
            f"{asked!r} is not the beginning of one calibration's id. There are:\n{listed}"
        )


class SnapshotUnreadable(BadInput):
    """A file among the snapshots of the registries is none, or is damaged."""

    def __init__(self, file: str, problem: str) -> None:
        self.file, self.problem = file, problem
        super().__init__(
            f"{file} cannot be read as a snapshot of a registry: {problem}. Put it back from a "
            "copy, or move it away; the others are read as they are."
        )


class RegistryUnreachable(ModelspendError):
    """A registry does not answer, or refuses; its last snapshot stays as it is (exit code 7)."""

    exit_code = 7

    def __init__(self, registry: str, problem: str) -> None:
        self.registry, self.problem = registry, problem
        super().__init__(
            f"registry '{registry}' could not be asked: {problem}. No snapshot was written; months "
            "are made from the last one."
        )


class BillUnreadable(BadInput):
    """A bill's delivery is incomplete, damaged or not in the shape its provider documents.

    `rejects` are the fields that stopped it, in the columns of core_billing__rejects (at most a
    thousand).
    """

    def __init__(
        self,
        source: str,
        month: str,
        problem: str,
        look_at: str,
        rejects: Sequence[Mapping[str, object]] = (),
    ) -> None:
        self.source, self.month, self.problem, self.look_at = source, month, problem, look_at
        self.rejects = list(rejects)
        super().__init__(
            f"{month}: the bill of source '{source}' was not read: {problem}\n"
            f"The month was not published for this source. Look at {look_at}."
        )


class BilledInTokens(BillUnreadable):
    """A bill counts in tokens, credits or another unit that is no currency of ISO 4217."""

    def __init__(self, source: str, month: str, unit: str, lines: int, look_at: str) -> None:
        self.unit, self.lines = unit, lines
        super().__init__(
            source,
            month,
            f"{lines} of its lines are billed in {unit!r}, which is no currency of ISO 4217. "
            "Tokens and credits are no money: what was paid for them is billed where they were "
            "bought",
            f"BillingCurrency in {look_at}. If the provider also delivers the dataset in money, "
            "use that one; if not, the purchase of the tokens is the cost",
        )


class BillAmbiguous(BillUnreadable):
    """A file of a bill can be read in two ways and does not say which: somebody is asked.

    `answers` are the roles that `modelspend inspect --as` takes, where one of them is the answer.
    """

    def __init__(
        self, source: str, month: str, problem: str, look_at: str, answers: Sequence[str] = ()
    ) -> None:
        self.answers = list(answers)
        super().__init__(source, month, problem, look_at)


class DeliveredTwice(BillUnreadable):
    """Files of one month that no manifest chooses from have most of their lines in common."""


class ExportAmbiguous(BadInput):
    """What an export is cannot be told from its files: somebody is asked.

    `answers` are pairs of what an answer means and what is to be typed for it.
    """

    def __init__(self, path: str, question: str, answers: Sequence[tuple[str, str]]) -> None:
        self.path, self.question, self.answers = path, question, list(answers)
        lines = "\n".join(f"  {typed}\n      {meaning}" for meaning, typed in answers)
        super().__init__(f"{path}: {question}\n{lines}")


class ExportUnknown(BadInput):
    """An export that no reader knows, or of which nothing can be looked into.

    `mapping` is the draft of a mapping file for its columns.
    """

    def __init__(self, path: str, problem: str, mapping: str = "") -> None:
        self.path, self.problem, self.mapping = path, problem, mapping
        text = f"{path}: {problem}."
        if mapping:
            text += (
                "\nA mapping file says what its columns mean; a draft for this header:\n\n"
                f"{mapping}\nCheck it, save it, and inspect again with --mapping FILE."
            )
        super().__init__(text)


class LogUnknown(BadInput):
    """A log that no reader knows. `mapping` is the draft of a mapping file for its names."""

    def __init__(self, path: str, problem: str, mapping: str = "") -> None:
        self.path, self.problem, self.mapping = path, problem, mapping
        text = f"{path}: {problem}."
        if mapping:
            text += (
                "\nA mapping file says what they mean; a draft:\n\n"
                f"{mapping}\nCheck it, save it, and inspect again with --log --mapping FILE."
            )
        super().__init__(text)


class FileDamaged(BadInput):
    """A file is not what its store says it is: cut off, changed on the way, or not a whole gzip."""

    def __init__(self, file: str, problem: str) -> None:
        self.file, self.problem = file, problem
        super().__init__(f"{file} is damaged: {problem}. It was not read. Have it delivered again.")


class LogUnreadable(BadInput):
    """An inference log file is missing or damaged as a whole (a bad line is only counted)."""

    def __init__(self, source: str, file: str, problem: str) -> None:
        self.source, self.file, self.problem = source, file, problem
        super().__init__(
            f"log source '{source}': {file} was not read: {problem}\nThe month was not published."
        )


class BusinessUnitsUnreadable(BadInput):
    """A file of business units cannot be read as a whole (a bad row is only rejected)."""

    def __init__(self, source: str, file: str, problems: list[str]) -> None:
        self.source, self.file, self.problems = source, file, problems
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(
            f"business units '{source}': {file} was not read:\n{listed}\nThe month was not "
            "published."
        )


class CommitmentUnbalanced(BadInput):
    """A savings plan's negations do not cancel the usage it covered."""

    def __init__(self, source: str, month: str, plan: str, rest: Decimal, currency: str) -> None:
        self.source, self.month, self.plan, self.rest = source, month, plan, rest
        super().__init__(
            f"{month}: savings plan {plan} of source '{source}' does not net to zero: covered "
            f"usage plus negations leave {rest:f} {currency}, so on-demand prices would be counted "
            "as billed.\nThe month was not published for this source. Look for missing "
            "SavingsPlanNegation lines in the export, or for a delivery still being written."
        )


class ContractBroken(ModelspendError):
    """A table about to be written does not have the columns, types or key of its contract."""

    def __init__(self, table: str, problem: str) -> None:
        self.table, self.problem = table, problem
        super().__init__(f"{table}: {problem}. Nothing was written. This is a fault of modelspend.")


class LakeOutdated(BadInput):
    """A table of the lake is of an earlier version: it lacks columns of this one."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self.table, self.columns = table, tuple(columns)
        super().__init__(
            f"{table}: the lake is of an earlier version of modelspend, which had no "
            f"{', '.join(columns)}. Nothing was written. Run `modelspend upgrade`; published "
            "months keep their files and figures."
        )


class UnreconciledSpend(ModelspendError):
    """The buckets do not add up to the export (exit code 4)."""

    exit_code = 4

    def __init__(
        self,
        month: str,
        source: str,
        basis: str,
        currency: str,
        exported: Decimal,
        attributed: Decimal,
    ) -> None:
        self.month, self.source, self.basis, self.currency = month, source, basis, currency
        self.exported, self.attributed = exported, attributed
        from pipelines.money import EXACT  # noqa: PLC0415 -- brings polars, which --help can spare

        difference = EXACT.subtract(attributed, exported)
        super().__init__(
            f"{month}: source '{source}', {basis}: attributed {attributed:f} of {exported:f} "
            f"{currency} exported (difference {difference:f} {currency}).\n"
            "The month was not published; readers still see the last publication. Look at "
            "core_billing__rejects and core_billing__files of this run for lines not kept."
        )


class PublicationLost(ModelspendError):
    """Another run published the same month first (exit code 5)."""

    exit_code = 5

    def __init__(self, month: str, run_id: str) -> None:
        self.month, self.run_id = month, run_id
        super().__init__(
            f"{month}: another run published this month while run {run_id} was working. "
            "This run's figures were not published; the other run's are in place.\n"
            "Run the month again if this run's inputs were the newer ones."
        )


class MonthNotPublished(ModelspendError):
    """A month was asked for that no run has published (exit code 6)."""

    exit_code = 6

    def __init__(self, month: str, published: list[str]) -> None:
        self.month, self.published = month, published
        have = (
            f"Published months: {', '.join(published)}." if published else "No month is published."
        )
        super().__init__(
            f"{month} has not been published. {have} Run `modelspend run --month {month}` first."
        )


class NoSuchPublication(MonthNotPublished):
    """A month is to be compared with a publication it does not have (exit code 6)."""

    def __init__(self, month: str, asked: str, published: Sequence[Mapping[str, object]]) -> None:
        super().__init__(month, [])
        self.asked = asked
        lines = "\n".join(
            f"  {found['publication_id']}  {found['published_at']:%Y-%m-%d %H:%M} UTC  "
            f"{found['status']}"
            for found in published
        )
        self.args = (
            f"{month}: {asked!r} is not the beginning of one earlier publication's id. It has:\n"
            f"{lines}\nThe newest is what the others are compared with.",
        )


class ClosingLost(PublicationLost):
    """A run published the month while it was being closed (exit code 5)."""

    def __init__(self, month: str, run_id: str) -> None:
        super().__init__(month, run_id)
        self.args = (
            f"{month}: a run published this month while it was being closed, so it was not closed. "
            f"Look at it (`modelspend show --month {month} --changes`), then close it again.",
        )


class MonthNotFinal(ModelspendError):
    """A month was to be closed whose figures can still change (exit code 9)."""

    exit_code = 9

    def __init__(self, month: str, reasons: list[str]) -> None:
        self.month, self.reasons = month, reasons
        super().__init__(
            f"{month} is provisional: {'; '.join(reasons)}. It was not closed. Run it again when "
            "its bill is final, or close it as it is with --even-if-provisional."
        )


class ExportUnsound(ModelspendError):
    """A dataset does not hold what the month attributed (exit code 4)."""

    exit_code = 4

    def __init__(self, month: str, problem: str) -> None:
        self.month, self.problem = month, problem
        super().__init__(
            f"{month}: the dataset does not hold the published month: {problem}.\n"
            "No file was left. This is a fault of modelspend; `modelspend show --month "
            f"{month}` still shows the published figures."
        )


class ExportNotWritten(BadInput):
    """The place where a dataset is to be written cannot be written."""

    def __init__(self, file: str, problem: str) -> None:
        self.file, self.problem = file, problem
        super().__init__(f"{file} was not written: {problem}")


class LakeUnreachable(ModelspendError):
    """The lake or an object store does not answer, or refuses (exit code 7)."""

    exit_code = 7
