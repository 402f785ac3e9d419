import json
from dataclasses import replace
from datetime import datetime

import pytest

from pipelines.calibration.coefficients import Coefficient
from pipelines.calibration.sets import (
    CalibrationSet,
    Rejected,
    SourceMonth,
    accepted_by_hand,
    coefficient_for,
    data_version,
    in_force,
    parse,
    set_id,
    text,
)
from pipelines.errors import CalibrationUnreadable

GROUP = "training/training_hours/H100"


def _coefficient(level: str, model: str = "", version: str = "", k: float = 1.5) -> Coefficient:
    return Coefficient(
        level=level,
        model=model,
        version=version,
        component="training",
        group=GROUP,
        k=k,
        log_variance=0.1 + 0.2,
        n=4,
        half_width=None,
        said="",
    )


def _set(**changes: object) -> CalibrationSet:
    made = CalibrationSet(
        id="20260901T000000Z-00000000",
        origin=datetime(2026, 9, 1),
        made_at=datetime(2026, 10, 6, 5, 0, 0, 250),
        data_version="d",
        is_accepted=True,
        verdict=("It beats every baseline.",),
        coefficients=(_coefficient("group"),),
        metrics=({"method": "calibrated", "wape": 0.1, "n": 3, "mase": None},),
        rejected=(Rejected("2026-07", "m", "1", "training", GROUP, "effective MFU 1.2"),),
        months=(SourceMonth("2026-07", "p", datetime(2026, 8, 9, 1, 2, 3), is_hindsight=True),),
    )
    return replace(made, **changes)


def test_a_set_read_back_from_its_text_is_the_same_set() -> None:
    assert parse(text(_set()), "f.json") == _set()


def test_the_same_data_and_coefficients_give_the_same_id_whenever_the_set_is_made() -> None:
    months = [
        SourceMonth("2026-07", "p", datetime(2026, 8, 9), is_hindsight=False),
        SourceMonth("2026-08", "q", datetime(2026, 9, 9), is_hindsight=False),
    ]
    ids = {
        set_id(datetime(2026, 9, 1), data_version(order), (_coefficient("group"),))
        for order in (months, months[::-1])
    }
    assert len(ids) == 1
    assert ids != {
        set_id(datetime(2026, 9, 1), data_version(months), (_coefficient("group", k=2),))
    }
    assert ids.pop().startswith("20260901T000000Z-")


def test_a_versions_own_coefficient_counts_before_its_models_and_that_before_its_groups() -> None:
    made = _set(
        coefficients=(
            _coefficient("group", k=1.1),
            _coefficient("model", "ranker", k=1.2),
            _coefficient("version", "ranker", "7", k=1.3),
        )
    )

    def k(model: str, version: str, group: str = GROUP) -> float | None:
        found = coefficient_for(made, model, version, "training", group)
        return None if found is None else found.k

    assert k("ranker", "7") == 1.3
    assert k("ranker", "8") == 1.2
    assert k("chat", "7") == 1.1
    assert k("ranker", "7", "training/training_hours/A100") is None


def test_a_month_is_predicted_with_the_newest_accepted_set_known_before_it_began() -> None:
    july = _set(id="a", origin=datetime(2026, 7, 6, 5))
    refused = _set(id="b", origin=datetime(2026, 8, 6, 5), is_accepted=False)
    september = _set(id="c", origin=datetime(2026, 9, 1))
    sets = [september, refused, july]
    assert in_force(sets, "2026-07") is None  # it was made of what was known on the 6th
    assert in_force(sets, "2026-08") == july
    assert in_force(sets, "2026-09") == september  # its origin is the month's first instant
    by_hand = accepted_by_hand(refused, datetime(2026, 8, 7, 9, 30))
    assert in_force([july, refused, by_hand], "2026-09") == by_hand
    assert by_hand.verdict[-1].startswith("Accepted by hand on 2026-08-07 09:30 UTC")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("{", "it is not JSON"),
        ("[]", "it has no `layout` 1"),
        ('{"layout": 2}', "it has no `layout` 1"),
        ('{"layout": 1}', "it is not a set of layout 1"),
        (json.dumps(json.loads(text(_set())) | {"origin": "2026-09-01T00:00:00"}), "no time zone"),
        (json.dumps(json.loads(text(_set())) | {"later": 1}), "it is not a set of layout 1"),
    ],
)
def test_a_file_that_is_no_set_says_so_by_its_name(broken: str, said: str) -> None:
    with pytest.raises(CalibrationUnreadable) as error:
        parse(broken, "x/y.json")
    assert str(error.value).startswith("x/y.json cannot be read as a calibration")
    assert said in str(error.value)
