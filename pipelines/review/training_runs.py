"""A population of training runs for people and programs: who predicts hours better, and of what."""

from decimal import Decimal
from statistics import median
from typing import Final

from pipelines.calibration.population import (
    BASELINE,
    CHOSEN,
    LEAST_RELATIVE,
    SHRUNK,
    Population,
)
from pipelines.calibration.runs import TrainingRun
from pipelines.review.calibration import number
from pipelines.review.sheets import Column, Row, Sheet

_PREDICTORS: Final = {
    BASELINE: "median MFU of the chip",
    SHRUNK: "calibrated: robust, shrunk to all chips",
    LEAST_RELATIVE: "the same, at the point of least relative error",
    CHOSEN: "whichever of these does best on the other runs",
}
_OVER: Final = {
    "all": "each from the others",
    "not_leaked": "those whose FLOP tell no hours",
    "earlier": "each from earlier ones",
}


def run_sheets(population: Population) -> tuple[Sheet, ...]:
    """Scores, chips, rejected runs, and every run with its predictions."""
    return (_scores(population), _chips(population), _rejected(population), _runs(population))


def _scores(population: Population) -> Sheet:
    return Sheet(
        "scores",
        "Chip-hours of training runs, predicted from FLOP and other runs",
        (
            Column("over", "over"),
            Column("predictor", "predictor"),
            Column("runs", "runs", "count"),
            Column("median_error", "median error", "share"),
            Column("p90_error", "9 in 10 within", "share"),
            Column("mean_log_error", "mean |ln|", "quantity"),
            Column("closer", "closer", "count"),
            Column("farther", "farther", "count"),
        ),
        tuple(
            Row(
                {
                    "over": _OVER[one.over],
                    "predictor": _PREDICTORS[one.predictor],
                    "runs": one.runs,
                    "median_error": number(one.median_error),
                    "p90_error": number(one.p90_error),
                    "mean_log_error": number(one.mean_log_error, 3),
                    "closer": None if one.predictor == BASELINE else one.closer,
                    "farther": None if one.predictor == BASELINE else one.farther,
                }
            )
            for one in population.scores
        ),
        notes=population.verdict,
    )


def _chips(population: Population) -> Sheet:
    of_model = {one.model: one for one in population.coefficients if one.level == "model"}
    rows = []
    for chip, found in sorted(of_model.items()):
        own = [one.mfu for one in population.kept if one.chip == chip]
        rows.append(
            Row(
                {
                    "chip": chip,
                    "runs": len(own),
                    "median_mfu": number(median(own)),
                    "calibrated_mfu": number(1 / found.k),
                    "coefficient": number(found.k, 4),
                }
            )
        )
    return Sheet(
        "chips",
        "Effective MFU by chip, against the dense peak at 16 bits",
        (
            Column("chip", "chip"),
            Column("runs", "runs", "count"),
            Column("median_mfu", "median MFU", "share"),
            Column("calibrated_mfu", "calibrated MFU", "share"),
            Column("coefficient", "k = 1 / MFU", "quantity"),
        ),
        tuple(rows),
    )


def _rejected(population: Population) -> Sheet:
    return Sheet(
        "rejected",
        "Runs that nothing was learnt of",
        (
            Column("run", "run"),
            Column("chip", "chip"),
            Column("mfu", "implied MFU", "quantity"),
            Column("reason", "reason"),
        ),
        tuple(
            Row({"run": one.run, "chip": one.chip, "mfu": _mfu(one.mfu), "reason": one.reason})
            for one in population.rejected
        ),
    )


def _mfu(mfu: float | None) -> Decimal | None:
    return None if mfu is None else number(mfu, 2)


def _runs(population: Population) -> Sheet:
    rows = [
        Row(
            _told(of_run[0].run)
            | {f"hours_{one.predictor}": number(one.hours, 1) for one in of_run}
            | {f"error_{one.predictor}": number(one.error) for one in of_run}
            | {"chosen": next(one.candidate for one in of_run if one.predictor == CHOSEN)}
        )
        for of_run in population.predictions
    ]
    return Sheet(
        "runs",
        "Every run",
        (
            Column("run", "run"),
            Column("date", "date"),
            Column("chip", "chip"),
            Column("flop", "FLOP"),
            Column("chip_hours", "chip-hours", "quantity"),
            Column("mfu", "MFU", "share"),
            *(
                Column(f"{what}_{name}", f"{what}, {words}", "quantity")
                for name, words in _PREDICTORS.items()
                for what in ("hours", "error")
            ),
            Column("chosen", "chosen by the other runs"),
        ),
        tuple(rows),
        audience="machine",
    )


def _told(run: TrainingRun) -> dict[str, object]:
    return {
        "run": run.run,
        "date": run.published,
        "chip": run.chip,
        "flop": f"{run.flop:.6g}",
        "chip_hours": number(run.chip_hours, 1),
        "mfu": number(run.mfu),
    }
