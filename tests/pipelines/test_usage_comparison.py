"""Billed beside logged: what is compared with what, and what is said of a difference."""

from decimal import Decimal
from pathlib import Path

import pytest
from attribution_builders import at, charge, deployed, instant, models, use, watched
from usage_builders import CHAT, asked, month, short, tokens

from pipelines.contracts import BILLED_VS_LOGGED
from pipelines.usage.findings import MAX_SENTENCES, findings, sentences

KINDS = ("kind", "unit_class", "billed", "logged", "quantity", "hours", "first_date")


def said(made, *columns: str):
    return [tuple(getattr(f, name) for name in columns or KINDS[:2]) for f in made.differences()]


def test_every_class_is_compared_in_single_units(tmp_path: Path):
    lines = [
        tokens("i", "1.5"),
        tokens("r", "0.4", "cache-read-input-token-count"),
        tokens("o", "0.1", "output-tokens"),
    ]
    with month(tmp_path, lines, usage=[asked(tokens=(1900, 100), cached=400)]) as made:
        columns = ("unit_class", "unit", "billed_quantity", "logged_quantity")
        assert short(made.compared(), *columns) == [
            ("input_tokens", "tokens", 1500, 1500),
            ("input_tokens_cache_read", "tokens", 400, 400),
            ("output_tokens", "tokens", 100, 100),
        ]
        assert made.differences() == []


def test_cached_tokens_are_input_where_the_bill_has_no_line_for_them(tmp_path: Path):
    usage = [asked(tokens=(1000, 0), cached=600)]
    with month(tmp_path, [tokens("i", "1")], usage=usage) as made:
        found = short(made.compared(), "unit_class", "logged_quantity")
        assert found == [("input_tokens", 1000), ("output_tokens", 0)]


def test_a_log_is_split_over_the_skus_of_a_class_in_whole_tokens(tmp_path: Path):
    flex = "input-tokens-flex"
    lines = [
        tokens("a", "1"),
        tokens("b", "0.5", flex),
        tokens("c", "0.5", "input-tokens-priority"),
    ]
    with month(tmp_path, lines, usage=[asked(tokens=(1001, 0))]) as made:
        rows = short(made.compared(), "unit_class", "sku", "logged_quantity")
        by_sku = [row[2] for row in rows if row[0] == "input_tokens"]
        assert sorted(by_sku) == [250, 250, 501]


def test_batch_is_compared_apart_where_the_bill_has_it(tmp_path: Path):
    lines = [tokens("a", "1"), tokens("b", "2", "input-tokens-batch")]
    usage = [asked(tokens=(1000, 0)), asked(tokens=(2000, 0), is_batch=True)]
    with month(tmp_path, lines, usage=usage) as made:
        found = short(made.compared(), "is_batch", "billed_quantity", "logged_quantity")
        assert [row for row in found if row[1]] == [(False, 1000, 1000), (True, 2000, 2000)]
    with month(tmp_path, lines[:1], usage=usage) as made:
        found = short(made.compared(), "is_batch", "logged_quantity")
        assert found[0] == (False, 3000)


def test_a_line_of_many_days_lies_on_its_days_as_the_log_does(tmp_path: Path):
    line = tokens("m", "3", hour=0, until=72)
    with month(
        tmp_path, [line], usage=[asked(h, tokens=(1000, 0)) for h in (0, 24, 48)], until=at(72)
    ) as made:
        found = short(made.compared(), "charge_date", "billed_quantity", "logged_quantity")
        assert [row for row in found if row[1]] == [
            (f"2026-09-0{day}", 1000, 1000) for day in (1, 2, 3)
        ]
        assert made.differences() == []
    usage = [asked(0, tokens=(2990, 0)), asked(25, tokens=(10, 0))]
    with month(tmp_path, [line], usage=usage, until=at(72)) as made:
        found = short(made.compared(), "charge_date", "billed_quantity")
        assert [row for row in found if row[1]] == [("2026-09-01", 2990), ("2026-09-02", 10)]
        assert made.differences() == []
    with month(tmp_path, [line], until=at(72)) as made:
        assert [q for (q,) in short(made.compared(), "billed_quantity")] == [1000, 1000, 1000]


def test_nothing_is_compared_after_the_last_day_that_is_billed_completely(tmp_path: Path):
    usage = [asked(0), asked(24)]
    with month(tmp_path, [tokens("a", "1")], usage=usage, until=at(24)) as made:
        assert {day for (day,) in short(made.compared(), "charge_date")} == {"2026-09-01"}


def test_tokens_of_a_model_on_own_machines_are_on_no_bill(tmp_path: Path):
    lines = [tokens("a", "1"), charge("gpu")]
    usage = [asked(), use("v1", tokens=(5000, 10), provider="aws")]
    catalogue = CHAT + models("v1") + deployed("v1")
    with month(tmp_path, lines, catalogue, usage=usage, coverage=[watched()]) as made:
        assert {model for (model,) in short(made.compared(), "model")} == {"chat", "m"}
        classes = [c for m, c in short(made.compared(), "model", "unit_class") if m == "m"]
        assert classes == ["instance_hours"]


def test_hours_without_a_log_are_missing_hours(tmp_path: Path):
    lines = [tokens(f"h{hour}", "1", hour=hour) for hour in range(4)]
    usage = [asked(hour) for hour in (0, 3)]
    with month(tmp_path, lines, usage=usage) as made:
        [found] = [f for f in made.differences() if f.unit_class == "input_tokens"]
        assert (found.kind, found.billed, found.logged) == ("missing_hours", 4000, 2000)
        assert (found.quantity, found.hours) == (2000, 2)
        assert found.sentence == (
            "missing hours: chat sonnet (aws): 2,000 input tokens were billed in 2 hours on "
            "2026-09-01 of which the log has nothing"
        )


def test_one_day_logged_twice_shows_in_a_month_that_is_right_as_a_whole(tmp_path: Path):
    lines = [tokens(f"d{day}", "1", hour=24 * day) for day in range(30)]
    usage = [asked(24 * day, tokens=(1000, 0)) for day in range(30)]
    usage.append(asked(48, tokens=(1000, 0), source="again"))
    with month(tmp_path, lines, usage=usage) as made:
        [found] = made.differences()
        assert (found.kind, found.first_date, found.quantity) == (
            "doubled_logs",
            "2026-09-03",
            1000,
        )
        assert "2,000 input tokens logged on 2026-09-03, 2.00 times the 1,000 billed" in (
            found.sentence
        )


def test_more_billed_than_logged_is_unlogged_traffic_and_the_reverse_is_unbilled_use(
    tmp_path: Path,
):
    lines = [tokens("a", "1"), tokens("b", "1", "output-tokens")]
    with month(tmp_path, lines, usage=[asked(tokens=(900, 1200))]) as made:
        assert said(made, "kind", "unit_class", "quantity") == [
            ("unlogged_traffic", "input_tokens", 100),
            ("unbilled_use", "output_tokens", 200),
        ]
        assert made.differences("0.25") == []
        [first, _] = made.differences()
        assert first.sentence == (
            "unlogged traffic: chat sonnet (aws): 1,000 input tokens billed on 2026-09-01, 900 "
            "logged: 100 have no request"
        )


def test_requests_that_carry_no_tokens_are_said_with_the_traffic_they_may_be(tmp_path: Path):
    usage = [
        asked(tokens=(500, 50)),
        asked(input_tokens=None, output_tokens=None, requests_with_tokens=0, requests=7),
    ]
    with month(tmp_path, [tokens("a", "1")], usage=usage) as made:
        [found] = [f for f in made.differences() if f.unit_class == "input_tokens"]
        assert found.sentence.endswith("; 7 of the logged requests carry no token counts")


def test_a_bill_that_names_no_version_is_compared_by_the_model(tmp_path: Path):
    catalogue = (
        '[[models]]\nname = "chat"\nusage_types = ["Claude4.6Sonnet"]\n'
        '[[models.versions]]\nversion = "a"\naliases = ["chat-a"]\n'
        '[[models.versions]]\nversion = "b"\naliases = ["chat-b"]\n'
    )
    usage = [
        asked(model="chat-a", tokens=(600, 0)),
        asked(model="chat-b", tokens=(400, 0)),
    ]
    with month(tmp_path, [tokens("x", "1")], catalogue, usage=usage, attributed=True) as made:
        assert made.differences() == []


def test_a_model_without_any_log_and_a_machine_nobody_watches_are_named_once(tmp_path: Path):
    lines = [tokens("a", "1"), tokens("b", "2", "output-tokens"), charge("gpu")]
    with month(tmp_path, lines, CHAT + models("v1") + deployed("v1")) as made:
        assert {kind for (kind,) in said(made, "kind")} == {"never_logged"}
        assert sentences(made.differences(), "2026-09") == [
            "billed and logged differ: no log at all: 1.0 instance hours billed of i-0gpu",
            "billed and logged differ: no log at all: chat sonnet (aws): 1,000 input tokens, 2,000 "
            "output tokens billed",
        ]


def test_unwatched_hours_of_a_machine_are_missing_hours(tmp_path: Path):
    lines = [charge("a"), charge("b", hour=1), charge("c", hour=2)]
    catalogue = models("v1") + deployed("v1")
    with month(tmp_path, lines, catalogue, coverage=[watched(0, 1)]) as made:
        columns = ("resource_id", "model", "billed_quantity", "logged_quantity", "hours_missing")
        assert short(made.compared(), *columns) == [("i-0gpu", "m", 10800, 3600, 2)]
        assert said(made, "kind", "quantity", "hours") == [("missing_hours", 7200, 2)]


def run(billable: int | None) -> str:
    seconds = f"billable_seconds = {billable}\ninstances = 2\n" if billable else ""
    return models("v1") + (
        '[[runs]]\nid = "r"\nmodel = "m"\nversion = "v1"\nresources = ["training-job/r"]\n'
        f"from = {instant(23)}\nuntil = {instant(25)}\n{seconds}"
    )


def test_a_training_job_is_compared_with_the_seconds_its_registry_says(tmp_path: Path):
    job = {"ResourceId": "training-job/r", "ConsumedQuantity": Decimal(2)}
    lines = [charge("a", hour=23, **job), charge("b", hour=24, **job)]
    columns = ("charge_date", "unit_class", "billed_quantity", "logged_quantity")
    with month(tmp_path, lines, run(7200)) as made:
        assert short(made.compared(), *columns) == [
            ("2026-09-01", "training_hours", 7200, 7200),
            ("2026-09-02", "training_hours", 7200, 7200),
        ]
        assert made.differences() == []
    with month(tmp_path, lines, run(3600)) as made:
        assert said(made) == [("unlogged_traffic", "training_hours")]
    with month(tmp_path, lines, run(None)) as made:
        assert [row[3] for row in short(made.compared(), *columns)] == [None, None]
        assert made.differences() == []


def test_more_gpu_time_than_the_machine_has_is_said_and_less_is_idle(tmp_path: Path):
    catalogue = models("v1") + deployed("v1")
    lines = [charge("a"), charge("b", hour=24)]
    usage = [use("v1", gpu=1800), use("v1", hour=24, gpu=3600), use("v1", 24, gpu=3600, source="b")]
    with month(tmp_path, lines, catalogue, usage=usage, coverage=[watched()]) as made:
        rows = short(made.compared(), "unit_class", "logged_quantity")
        assert [q for name, q in rows if name == "gpu_hours"] == [1800, 7200]
        [found] = made.differences()
        assert found.sentence == (
            "more than there was: i-0gpu: 2.0 GPU-hours logged on 2026-09-02 on 1.0 billed: look "
            "for a log that is read twice, or for `gpus` in the catalogue"
        )


def test_classes_that_miss_the_same_hours_are_one_sentence(tmp_path: Path):
    lines = [
        tokens(f"{kind}{hour}", "1", kind, hour=hour)
        for kind in ("input-tokens", "output-tokens")
        for hour in (0, 1)
    ]
    with month(tmp_path, lines, usage=[asked(tokens=(1000, 1000))]) as made:
        assert sentences(made.differences(), "2026-09") == [
            "billed and logged differ: missing hours: chat sonnet (aws): 1,000 input tokens and "
            "1,000 output tokens were billed in 1 hour on 2026-09-01 of which the log has nothing"
        ]


def test_gigabytes_stand_beside_nothing(tmp_path: Path):
    line = charge("a", x_UsageType="USE1-DataTransfer-Out-Bytes", ConsumedUnit="GB")
    with month(tmp_path, [line], models("v1") + deployed("v1"), attributed=True) as made:
        found = short(made.compared(), "unit_class", "billed_quantity", "logged_quantity")
        assert found == [("gigabytes", 1, None)]
        assert made.differences() == []


def test_a_month_without_bills_or_logs_has_nothing_to_compare(tmp_path: Path):
    assert findings(BILLED_VS_LOGGED.empty(), Decimal("0.05")) == []


def test_more_sentences_than_a_page_are_counted(tmp_path: Path):
    lines = [tokens(f"c{n}", "1", x_UsageType=f"USE1-Model{n}-input-tokens") for n in range(25)]
    with month(tmp_path, lines, attributed=True) as made:
        found = sentences(made.differences(), "2026-09")
    assert len(found) == MAX_SENTENCES + 1
    assert found[-1].endswith("5 more differences: modelspend usage --month 2026-09")


@pytest.mark.parametrize("logged", [1899, 2101])
def test_about_twice_is_twice_within_the_tolerance_only(tmp_path: Path, logged: int):
    with month(tmp_path, [tokens("a", "1")], usage=[asked(tokens=(logged, 0))]) as made:
        assert said(made, "kind") == [("unbilled_use",)]
