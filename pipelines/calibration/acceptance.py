"""Whether a calibration may predict: it has to beat what one would have said without it.

Per component, on forecasts of the month ahead that the fit had not seen:

1. its WAPE is no worse than each baseline's (the formula as it is, last month, seasonal naive,
   trend), compared where both made a forecast; a tie is no loss;
2. its 80 % intervals held 75 % to 85 %, or 80 % is within the 95 % confidence interval of what they
   held: few forecasts cannot show more.

A loss is not hidden: every comparison becomes a sentence. The coefficients of a component that
failed are withheld; the others may be used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.calibration.baselines import BASELINES, CALIBRATED, FORMULA
from pipelines.calibration.conformal import ALPHA, needed
from pipelines.calibration.metrics import Forecast, Intervals, intervals, score, together

NOMINAL: Final = float(1 - ALPHA)
TOLERANCE: Final = 0.05
_TIE: Final = 1e-9

_SAID_AS: Final = {FORMULA: "the formula as it is (k = 1)"}


@dataclass(frozen=True)
class Verdict:
    """Whether one component's coefficients may be used, and why, in sentences."""

    component: str
    is_accepted: bool
    said: tuple[str, ...]


def judge(component: str, forecasts: Sequence[Forecast], least_months: int) -> Verdict:
    """The gate for one component's forecasts of the month ahead."""
    ahead = [one for one in forecasts if one.horizon == 1 and one.outcome.component == component]
    own = score(ahead, CALIBRATED)
    if not own.n:
        said = (
            f"{component}: no month could be predicted from the {least_months} known months before "
            "it that a backtest needs; not accepted without one."
        )
        return Verdict(component, False, (said,))
    sentences, is_accepted = [], True
    for baseline in BASELINES:
        passed, sentence = _against(component, ahead, baseline)
        is_accepted &= passed
        sentences.append(sentence)
    held, sentence = _coverage(component, intervals(ahead))
    is_accepted &= held
    sentences.append(sentence)
    end = "accepted" if is_accepted else "not accepted: its coefficients are withheld"
    head = (
        f"{component}: {end}. WAPE {_percent(own.wape)}, bias {_percent(own.bias, '+')} over "
        f"{_forecasts(own.n)} of the month ahead."
    )
    return Verdict(component, is_accepted, (head, *sentences))


def _against(component: str, forecasts: Sequence[Forecast], baseline: str) -> tuple[bool, str]:
    own, other = together(forecasts, CALIBRATED, baseline)
    name = _SAID_AS.get(baseline, baseline)
    if own.wape is None or other.wape is None:
        why = f"had nothing to pay for in {_forecasts(own.n)}" if own.n else "made no forecast"
        return True, f"{component}: not compared with {name}, which {why}."
    figures = (
        f"{_percent(own.wape)} calibrated, {_percent(other.wape)} {name}, over {_forecasts(own.n)}"
    )
    if own.wape <= other.wape + _TIE:
        verb = "beats" if own.wape < other.wape - _TIE else "ties with"
        return True, f"{component}: the calibrated formula {verb} {name}: {figures}."
    return False, f"{component}: the calibrated formula loses to {name}: {figures}."


def _coverage(component: str, found: Intervals) -> tuple[bool, str]:
    if found.coverage is None or found.low is None or found.high is None:
        return True, (
            f"{component}: coverage cannot be judged yet: an interval needs {needed()} earlier "
            "misses, and no forecast had them."
        )
    figures = (
        f"{found.held} of {_forecasts(found.n)} lay within their {NOMINAL:.0%} interval "
        f"({found.coverage:.0%}, 95 % confidence {found.low:.0%} to {found.high:.0%})"
    )
    if abs(found.coverage - NOMINAL) <= TOLERANCE or found.low <= NOMINAL <= found.high:
        return True, f"{component}: the intervals hold: {figures}."
    side = "too narrow" if found.coverage < NOMINAL else "too wide"
    return False, f"{component}: the intervals are {side}: {figures}."


def _forecasts(n: int) -> str:
    return "1 forecast" if n == 1 else f"{n} forecasts"


def _percent(value: float | None, sign: str = "") -> str:
    return "unknown" if value is None else f"{value * 100:{sign}.1f} %"
