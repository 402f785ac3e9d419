"""What a unit cost: exact splits over use cases and tenants; per request, token, GPU-hour, run."""

import random
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from attribution_builders import GPU, charge, deployed, instant, models, use, watched
from usage_builders import CHAT, asked, month, short, tokens

from pipelines.contracts import UNIT_COSTS
from pipelines.errors import BusinessUnitsUnreadable
from pipelines.registry.catalogue import parse_catalogue
from pipelines.registry.names import Names
from pipelines.review.units import unit_cost, unit_sheets
from pipelines.review.usage import usage_sheets
from pipelines.review.users import user_sheets
from pipelines.settings import TokenWeights
from pipelines.spend.business_units import BusinessKey, BusinessText, business_quantities

ON_GPU = models("v1") + deployed("v1")
NO_NAMES = Names(parse_catalogue(""))


def costs(frame: pl.DataFrame, unit: str) -> list[tuple[object, ...]]:
    """Tenant, cost and quantity of a unit's rows."""
    return short(frame.filter(pl.col("unit") == unit), "tenant", "effective_cost", "quantity")


def test_a_managed_apis_tokens_cost_what_their_bill_lines_cost(tmp_path: Path):
    lines = [
        tokens("i", "3", cost="3"),
        tokens("r", "1", "cache-read-input-token-count", cost="0.1"),
        tokens("o", "1", "output-tokens", cost="2"),
    ]
    usage = [
        asked(tenant="de", tokens=(3000, 500), cached=1000),
        asked(tenant="fr", tokens=(1000, 500)),
    ]
    with month(tmp_path, lines, usage=usage) as made:
        units = made.units()
        assert costs(units, "input_token") == [("de", 2, 2000), ("fr", 1, 1000)]
        assert costs(units, "cached_input_token") == [("de", Decimal("0.1"), 1000)]
        assert costs(units, "output_token") == [("de", 1, 500), ("fr", 1, 500)]
        assert costs(units, "request") == [("de", Decimal("3.1"), 1), ("fr", 2, 1)]
        assert set(units.filter(pl.col("unit") == "input_token")["method"]) == {"bill_lines"}
        [sheet] = unit_sheets(units, "version")
        shown = {row.values["unit"]: row.values["unit_cost"] for row in sheet.rows}
        assert shown["input_token"] == 1000
        assert shown["request"] == 2550


def test_an_own_machines_tokens_cost_their_share_of_its_work(tmp_path: Path):
    usage = [use("v1", tokens=(1000, 250), tenant="de"), use("v1", tokens=(0, 250), tenant="fr")]
    with month(tmp_path, [charge("gpu", "6")], ON_GPU, usage=usage) as made:
        units = made.units(weights=TokenWeights(output=Decimal(4)))
        # work: de 1000 + 4 x 250, fr 4 x 250
        assert costs(units, "request") == [("de", 4, 1), ("fr", 2, 1)]
        assert costs(units, "input_token") == [("de", 2, 1000)]
        assert costs(units, "output_token") == [("de", 2, 250), ("fr", 2, 250)]
        assert costs(units, "instance_second") == [("", 6, 3600)]


def test_a_versions_own_token_weights_come_before_the_settings(tmp_path: Path):
    weights = "token_weights = { input = 1, output = 1 }\n"
    usage = [use("v1", tokens=(100, 300))]
    with month(
        tmp_path, [charge("gpu", "4")], models("v1") + weights + deployed("v1"), usage=usage
    ) as made:
        assert costs(made.units(), "output_token") == [("", 3, 300)]


def test_gpu_time_comes_before_tokens_and_requests_are_the_last_measure(tmp_path: Path):
    timed = [
        use("v1", gpu=30, tokens=(1, 1), tenant="de"),
        use("v1", gpu=10, tokens=(99, 99), tenant="fr"),
    ]
    with month(tmp_path, [charge("gpu", "4")], ON_GPU, usage=timed) as made:
        units = made.units()
        assert costs(units, "request") == [("de", 3, 1), ("fr", 1, 1)]
        assert costs(units, "gpu_second_busy") == [("de", 3, 30), ("fr", 1, 10)]
    some = [use("v1", tokens=(9, 9), tenant="de"), use("v1", requests=3, tenant="fr")]
    with month(tmp_path, [charge("gpu", "4")], ON_GPU, usage=some) as made:
        units = made.units()
        assert costs(units, "request") == [("de", 1, 1), ("fr", 3, 3)]
        assert not costs(units, "input_token")


def test_samples_tell_gpu_hours_but_no_tenant(tmp_path: Path):
    usage = [
        use("v1", tenant="de"),
        use(
            "v1",
            requests=0,
            gpu=20,
            grain="sample",
            source="dcgm",
            gpu_held_microseconds=60_000_000,
        ),
    ]
    with month(tmp_path, [charge("gpu", "4")], ON_GPU, usage=usage) as made:
        units = made.units()
        assert costs(units, "request")[-1] == ("de", 4, 1)
        assert costs(units, "gpu_second_busy") == [("", 4, 20)]
        assert costs(units, "gpu_second_held") == [("", 4, 60)]


def test_cost_without_any_use_stays_without_tenant(tmp_path: Path):
    with month(tmp_path, [charge("gpu", "4")], ON_GPU) as made:
        units = made.units()
        assert costs(units, "request") == [("", 4, 0)]
        [sheet] = unit_sheets(units)
        assert [r.values["unit_cost"] for r in sheet.rows if r.values["unit"] == "request"] == [
            None
        ]


@pytest.mark.parametrize("seed", range(3))
def test_the_parts_of_use_cases_and_tenants_add_up_to_the_inference_cost(tmp_path: Path, seed: int):
    chance = random.Random(seed)  # noqa: S311 -- a test's arbitrary numbers
    usage = [
        asked(
            hour,
            tenant=chance.choice(["de", "fr", ""]),
            use_case=chance.choice(["search", "chat"]),
            tokens=(chance.randrange(1, 9999), chance.randrange(0, 999)),
            cached=chance.randrange(0, 2),
        )
        for hour in range(30)
    ]
    lines = [
        tokens(f"{kind}{n}", "1.7", kind, cost=f"0.{chance.randrange(1, 10**17)}", hour=n)
        for kind in ("input-tokens", "output-tokens", "cache-write-input-token-count")
        for n in range(3)
    ]
    with month(tmp_path, [*lines, tokens("back", "1", cost="-0.777", hour=9)], usage=usage) as made:
        units, spend = made.units(), made.spend()
        whole = spend["effective_cost"].sum()
        assert units.filter(pl.col("unit") == "request")["effective_cost"].sum() == whole
        [sheet] = user_sheets(spend, units, "tenant")
        assert sheet.rows[-1].values["total"] == whole
        added = [r.values["total"] for r in sheet.rows if r.level in ("line", "detail")]
        assert sum(added) == whole


def test_a_month_published_before_there_were_unit_costs_shows_its_inference_whole(tmp_path: Path):
    with month(tmp_path, [tokens("i", "1", cost="4")]) as made:
        [sheet] = user_sheets(made.spend(), UNIT_COSTS.empty(), "use_case")
    told = {row.values["section"]: row.values["total"] for row in sheet.rows}
    assert (told["inference"], told["total"]) == (4, 4)


def test_training_costs_are_told_per_run(tmp_path: Path):
    runs = "".join(
        f'[[runs]]\nid = "r{n}"\nmodel = "m"\nversion = "v1"\nresources = ["training-job/r{n}"]\n'
        f"from = {instant(n)}\nuntil = {instant(n + 1)}\n"
        for n in range(2)
    )
    lines = [
        charge(f"c{n}", "3", hour=n, ResourceId=f"training-job/r{n}", **sagemaker())
        for n in range(2)
    ]
    with month(tmp_path, lines, models("v1") + runs, attributed=True) as made:
        rows = made.units().filter(pl.col("unit") == "training_run")
        columns = ("component", "effective_cost", "quantity")
        assert short(rows, *columns) == [("training", 6, 2)]


def sagemaker() -> dict[str, str]:
    return {"x_ServiceCode": "AmazonSageMaker", "x_UsageType": "USE1-Train:ml.g5.xlarge"}


def test_idle_time_is_a_row_of_its_machine_and_of_no_version(tmp_path: Path):
    usage = [use("v1", gpu=900, requests=2)]
    lines = [charge("a", "4"), charge("b", "4", hour=1)]
    with month(tmp_path, lines, ON_GPU, usage=usage, coverage=[watched()], attributed=True) as made:
        table = made.utilisation()
        columns = (
            "bucket",
            "seconds_billed",
            "seconds_watched",
            "gpu_seconds_busy",
            "effective_cost",
        )
        assert short(table, *columns) == [
            ("idle", 6300, 6300, None, 7),
            ("model_version", 900, 900, 900, 1),
        ]
        sheet = usage_sheets(made.compared(), table, Decimal("0.05"), None)[-1]
        whole = sheet.rows[0].values
        assert (whole["resource_id"], whole["requests"]) == (GPU, 2)
        assert (whole["busy_ratio"], whole["idle_ratio"]) == (Decimal("0.125"), Decimal("0.875"))
        assert whole["idle_cost"] == 7


def test_business_units_are_about_all_spend_or_what_their_row_names(tmp_path: Path):
    usage = [asked(use_case="search", tokens=(3000, 0)), asked(use_case="help", tokens=(1000, 0))]
    lines = [tokens("i", "4", cost="4"), charge("gpu", "6")]
    business = {
        BusinessKey("shop", "orders"): Decimal(1000),
        BusinessKey("shop", "searches", use_case="search"): Decimal(50),
        BusinessKey("shop", "chats", model="chat", model_version="sonnet"): Decimal(8),
        BusinessKey("shop", "nothing", model="other"): Decimal(8),
    }
    with month(tmp_path, lines, CHAT + ON_GPU, usage=usage) as made:
        units = made.units(business)
        own = units.filter(pl.col("unit_source") == "shop")
        columns = ("unit", "component", "effective_cost", "quantity")
        assert sorted(short(own, *columns)) == [
            ("chats", "all", 4, 8),
            ("chats", "inference", 4, 8),
            ("orders", "all", 10, 1000),
            ("orders", "inference", 10, 1000),
            ("searches", "inference", 3, 50),
        ]
        sheet = unit_sheets(units)[-1]
        assert (sheet.name, sheet.rows[2].values["unit_words"]) == ("business_units", "searches")


def read(text: str, names: Names = NO_NAMES) -> tuple[dict[BusinessKey, Decimal], list[str]]:
    found = business_quantities([BusinessText("shop", "orders.csv", text)], "2026-09", names)
    return found.quantities, found.warnings


def test_a_months_rows_are_added_up_under_the_catalogues_names():
    names = Names(parse_catalogue(CHAT))
    text = (
        "Date;Unit;Quantity;Model\r\n2026-09-01;orders;10;\n2026-09-30;orders;0.5;\n"
        "2026-10-01;orders;99;\n\n2026-09-02;chats;3;anthropic.claude-sonnet-4-6\n"
    )
    assert read(text, names) == (
        {
            BusinessKey("shop", "chats", "chat", "sonnet"): Decimal(3),
            BusinessKey("shop", "orders"): Decimal("10.5"),
        },
        [],
    )


def test_bad_rows_are_rejected_with_line_and_reason_and_the_others_count():
    text = (
        "date,unit,quantity,version\n2026-09-01,orders,12\n2026-9-1,orders,1\n2026-09-31,orders,1\n"
        "2026-09-01,,1\n2026-09-01,orders,1.234.5\n2026-09-01,orders,NaN\n2026-09-01,orders,1,v1\n"
        "2026-09-01,orders,1,,x\n"
    )
    quantities, [warning] = read(text)
    assert quantities == {BusinessKey("shop", "orders"): Decimal(12)}
    assert warning == (
        "business units 'shop': orders.csv: 7 rows rejected: "
        "line 3: date '2026-9-1' is no day written as 2026-09-03; "
        "line 4: date '2026-09-31' is no day written as 2026-09-03; line 5: unit is empty; "
        "line 6: quantity '1.234.5' is no number written as 1234.5; "
        "line 7: quantity 'NaN' is out of range; line 8: version 'v1' without a model; "
        "line 9: more fields than the header has"
    )


def test_a_file_without_its_columns_stops_the_month():
    with pytest.raises(BusinessUnitsUnreadable, match="no column 'quantity'") as stopped:
        read("date,unit,count\n2026-09-01,orders,1\n")
    assert "column 'count' is none of date, unit, quantity, model" in str(stopped.value)


def test_a_price_is_divided_once_and_not_at_all_by_nothing():
    assert unit_cost(Decimal(2), Decimal(3), 1000) == Decimal("666.666667")
    assert unit_cost(Decimal(2), Decimal(0), 1000) is None
    assert unit_sheets(UNIT_COSTS.empty()) == ()
