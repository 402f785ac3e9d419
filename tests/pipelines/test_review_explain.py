from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from review_frames import MONTH, compared, frame, values

from pipelines.attribution.rules import load_rules
from pipelines.contracts import ALLOCATED, CHARGES, DRIVERS, PREDICTED, USAGE, VARIANCE, Contract
from pipelines.registry.catalogue import parse_catalogue
from pipelines.registry.log_names import LogNames
from pipelines.review.charge import explain_charge
from pipelines.review.explain import FigureFiles, explain_figure
from pipelines.review.figure import Figure
from pipelines.review.rules import rule_texts
from pipelines.review.sheets import Sheet

D = Decimal
NOON = datetime(2026, 9, 3, 12)
HOUR = timedelta(hours=1)
CATALOGUE = '[[models]]\nname = "chat"\nversions = [{ version = "c4", aliases = ["chat-alias"] }]'
ENDPOINT = "arn:aws:sagemaker:us-east-1:1:endpoint/search-rank"


def costs(amount: str) -> dict[str, Decimal]:
    return dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"), D(amount))


def part(amount: str, **names: Any) -> dict[str, Any]:
    defaults = {
        "source": "aws",
        "x_OriginChargeId": "c1",
        "bucket": "model_version",
        "model": "search-rank",
        "model_version": "8",
        "component": "inference",
        "element": "hardware",
        "method": "usage",
        "rule_id": "aws-sagemaker-hosting",
        "evidence": "deployment",
        "BillingCurrency": "USD",
        "ResourceId": ENDPOINT,
        "x_UsageType": "Host:ml.g5.2xlarge",
        "ChargePeriodStart": NOON,
        "ChargePeriodEnd": NOON + HOUR,
    }
    return defaults | costs(amount) | names


def charge(name: str, amount: str, line: int) -> dict[str, Any]:
    facts = {"source": "aws", "x_ChargeId": name, "BillingCurrency": "USD"}
    place = {"x_SourceFile": "cur-00001.csv.gz", "x_SourceLine": line, "ResourceId": ENDPOINT}
    return facts | place | {"ChargePeriodStart": NOON} | costs(amount)


def hour(at: datetime, version: str, requests: int, **names: Any) -> dict[str, Any]:
    facts = {"hour": at, "resource_id": "endpoint/search-rank", "model": "search-rank"}
    return facts | {"model_version": version, "requests": requests} | names


class Files:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, contract: Contract, *rows: dict[str, Any]) -> list[str]:
        file = self.folder / f"{contract.name}.parquet"
        frame(contract, *rows).drop("billing_month").write_parquet(file)
        return [str(file)]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def walk(files: Files, figure: Figure, allocated: list[Any], top: int = 10, **tables: Any):
    found = explain_figure(
        duckdb.connect(),
        figure,
        FigureFiles(
            files.write(ALLOCATED, *allocated),
            files.write(CHARGES, *tables.get("charges", [])),
            files.write(USAGE, *tables.get("usage", [])),
        ),
        rules=rule_texts(load_rules().rules),
        names=LogNames(parse_catalogue(CATALOGUE)),
        variance=frame(VARIANCE, *tables.get("variance", [])),
        predicted=frame(PREDICTED, *tables.get("predicted", [])),
        drivers=frame(DRIVERS, *tables.get("drivers", [])),
        top=top,
    )
    return {sheet.name: sheet for sheet in found}  # of sheets of one name the last


def test_a_figure_is_the_sum_of_the_bill_lines_below_it(files: Files):
    sheets = walk(
        files,
        Figure(MONTH, model="search-rank", version="8", component="inference"),
        [
            part("1.25"),
            part("0.25", x_OriginChargeId="c2"),
            part("0.75", bucket="idle", model="", model_version=""),
            part("9", model_version="7"),
            part("9", component="update"),
        ],
        charges=[charge("c1", "2", 17), charge("c2", "0.25", 18)],
    )
    assert values(sheets["figure"], "charges", "amount") == [(2, D("1.5"))]
    assert values(sheets["lines"], "charge_id", "file", "line", "charge_amount", "amount") == [
        ("c1", "cur-00001.csv.gz", 17, D(2), D("1.25")),
        ("c2", "cur-00001.csv.gz", 18, D("0.25"), D("0.25")),
    ]


def test_each_rule_carries_its_text(files: Files):
    sheets = walk(files, Figure(MONTH, bucket="model_version"), [part("1")])
    [(rule, text)] = values(sheets["rules"], "rule_id", "rule")
    assert rule == "aws-sagemaker-hosting"
    assert "service = AmazonSageMaker" in text
    assert "split = capacity" in text


def test_a_rest_that_is_not_shown_is_counted(files: Files):
    parts = [part(str(n), x_OriginChargeId=f"c{n}") for n in range(1, 6)]
    charges = [charge(f"c{n}", str(n), n) for n in range(1, 6)]
    sheets = walk(files, Figure(MONTH), parts, top=2, charges=charges)
    assert values(sheets["lines"], "charge_id") == [("c5",), ("c4",)]
    assert sheets["lines"].notes == ("3 more charges; --top shows more.",)
    assert values(sheets["figure"], "amount") == [(D(15),)]


def test_the_log_hours_are_those_of_the_resource_while_it_was_charged(files: Files):
    sheets = walk(
        files,
        Figure(MONTH, model="search-rank"),
        [part("1")],
        usage=[
            hour(NOON, "8", 30, gpu_microseconds=1_500_000),
            hour(NOON, "7", 10, gpu_microseconds=None),
            hour(NOON + HOUR, "8", 99),
            hour(NOON, "8", 50, resource_id="i-other", model="other"),
        ],
    )
    assert values(sheets["hours"], "model_version", "requests", "gpu_seconds") == [
        ("7", 10, None),
        ("8", 30, D("1.5")),
    ]


def test_a_managed_api_has_no_resource_and_its_hours_are_the_models(files: Files):
    sheets = walk(
        files,
        Figure(MONTH, model="chat"),
        [part("1", model="chat", model_version="c4", ResourceId="", element="managed_api")],
        usage=[
            hour(NOON, "", 7, model="chat-alias", resource_id=""),
            hour(NOON, "c4", 11, model="other", resource_id=""),
            hour(NOON, "8", 9),
        ],
    )
    assert values(sheets["hours"], "model", "requests") == [("chat-alias", 7)]


def test_a_day_is_the_charges_that_begin_on_it(files: Files):
    later = part("5", x_OriginChargeId="c2", ChargePeriodStart=NOON + 24 * HOUR)
    sheets = walk(files, Figure(MONTH, day="2026-09-03"), [part("1"), later])
    assert values(sheets["figure"], "amount") == [(D(1),)]


def test_all_versions_means_the_rows_without_a_version(files: Files):
    sheets = walk(
        files,
        Figure(MONTH, model="search-rank", version="(all versions)"),
        [part("1"), part("2", bucket="model", model_version="")],
    )
    assert values(sheets["figure"], "bucket", "model_version", "amount") == [
        ("model", "(all versions)", D(2))
    ]


def test_currencies_get_totals_of_their_own(files: Files):
    sheets = walk(
        files,
        Figure(MONTH),
        [part("1"), part("2", bucket="idle"), part("4", BillingCurrency="CNY")],
    )
    totals = [r.values for r in sheets["figure"].rows if r.level == "total"]
    assert [(total["currency"], total["amount"]) for total in totals] == [("USD", D(3))]


def test_the_formulas_inputs_stand_beside_what_came_of_them(files: Files):
    line = compared("200", price="10", usage="40")
    keys = ("plan", "kind", "volume", "model", "model_version", "component", "element", "unit")
    plan = {key: line[key] for key in (*keys, "charge_month", "currency")}
    sheets = walk(
        files,
        Figure(MONTH, model="search-rank"),
        [part("1")],
        variance=[line],
        predicted=[plan | {"predicted_cost": D(200), "formula": "price x quantity"}],
    )
    assert values(sheets["formula"], "formula", "planned_price", "planned_quantity") == [
        ("price x quantity", D(2), D(100))
    ]


INPUTS = {
    "plan": None,
    "physical": '{"tokens": {"value": "32000000000", "unit": "tokens", "source": "log"}, '
    '"(result)": {"value": "668.34", "unit": "GPU-h"}}',
}


def test_predictions_of_every_kind_stand_side_by_side_each_with_its_own_inputs(files: Files):
    kinds = (("plan", "ex_ante"), ("physical", "ex_ante"), ("physical", "ex_post"))
    lines = [compared("200", price="10", usage="40", kind=k, volume=v) for k, v in kinds]
    keys = ("plan", "kind", "volume", "model", "model_version", "component", "element", "unit")
    predicted = [
        {key: line[key] for key in (*keys, "charge_month", "currency")}
        | {"formula": f"{line['kind']} {line['volume']}", "inputs": INPUTS[line["kind"]]}
        for line in lines
    ]
    figure = Figure(MONTH, model="search-rank")
    sheets = walk(files, figure, [part("1")], variance=lines, predicted=predicted)
    assert values(sheets["formula"], "kind", "volume", "formula") == [
        ("physical", "ex_ante", "physical ex_ante"),
        ("physical", "ex_post", "physical ex_post"),
        ("plan", "ex_ante", "plan ex_ante"),
    ]
    told = sheets["formula_inputs"]
    assert told.title == "Inputs of physical ex_post, physical, ex post: 8 inference"
    assert values(told, "volume", "symbol", "value", "value_unit", "source") == [
        ("ex_post", "tokens", D(32_000_000_000), "tokens", "log"),
        ("ex_post", "(result)", D("668.34"), "GPU-h", None),
    ]


def test_a_calibrated_figure_is_walked_to_its_coefficient(files: Files):
    line = compared("200", price="10", usage="40", kind="calibrated")
    keys = ("plan", "kind", "volume", "model", "model_version", "component", "element", "unit")
    predicted = {key: line[key] for key in (*keys, "charge_month", "currency")} | {
        "formula": "replica_hours",
        "inputs": '{"(quantity)": {"value": "300", "unit": "Hrs"}}',
        "quantity": D(375),  # 300 x 1.25
        "coefficient": D("1.25"),
        "coefficients": "c1",
    }
    figure = Figure(MONTH, model="search-rank")
    sheets = walk(files, figure, [part("1")], variance=[line], predicted=[predicted])
    assert values(sheets["formula_inputs"], "symbol", "value", "source") == [
        ("(quantity)", D(300), None),
        ("(k)", D("1.25"), "c1"),
        ("(calibrated)", D(375), "quantity x k"),
    ]


def test_a_figure_nobody_has_is_empty(files: Files):
    assert walk(files, Figure(MONTH, model="no-such-model"), [part("1")]) == {}


def test_what_was_planned_and_never_billed_is_walked_to_its_plan_and_variance(files: Files):
    of = {"model": "search-rank", "model_version": "9", "usage_type": ""}
    gone = compared("8", price="0", usage="-8", **of)
    names = {name: gone[name] for name in VARIANCE.key}
    driver = names | {"method": "standard", "variance": "discontinued_line", "amount": D(-8)}
    tables = {"variance": [gone], "predicted": [names], "drivers": [driver]}
    sheets = walk(files, Figure(MONTH, model="search-rank", version="9"), [], **tables)
    assert values(sheets["formula"], "predicted_cost") == [(D(8),)]
    assert values(sheets["drivers"], "variance", "amount") == [("discontinued_line", D(-8))]
    assert walk(files, Figure(MONTH, model="search-rank", bucket="idle"), [], **tables) == {}


def test_a_charge_is_followed_to_all_its_parts_and_they_are_the_charge(files: Files):
    origin, parts = explain_charge(
        duckdb.connect(),
        "c1",
        files.write(
            ALLOCATED, part("1.25"), part("0.75", bucket="idle"), part("9", x_OriginChargeId="c2")
        ),
        files.write(CHARGES, charge("c1", "2", 17)),
        rule_texts(load_rules().rules),
    )
    facts = {row.values["fact"]: row.values["value"] for row in origin.rows}
    assert (facts["file"], facts["line"], facts["effective cost"]) == (
        "cur-00001.csv.gz",
        "17",
        "2",
    )
    assert values(parts, "bucket", "effective_cost") == [
        ("idle", D("0.75")),
        ("model_version", D("1.25")),
        ("total", D(2)),
    ]


def test_a_charge_nobody_has_is_empty(files: Files):
    nothing = explain_charge(
        duckdb.connect(), "c9", files.write(ALLOCATED), files.write(CHARGES), {}
    )
    assert nothing == ()


def test_a_file_is_named_in_full_once_below_the_lines(files: Files):
    path = "bills/20260901-20261001/assembly-1/cur-00001.csv.gz"
    charges = [charge(name, "1", 17) | {"x_SourceFile": path} for name in ("c1", "c2")]
    sheets = walk(
        files,
        Figure(MONTH),
        [part("1"), part("1", x_OriginChargeId="c2")],
        charges=charges,
    )
    assert values(sheets["lines"], "file") == [(path,), (path,)]
    assert sheets["lines"].notes == (f"cur-00001.csv.gz: {path}",)
    assert kind_of_file(sheets["lines"]) == "path"


def test_files_that_would_be_taken_for_one_are_shown_in_full(files: Files):
    charges = [
        charge("c1", "1", 17) | {"x_SourceFile": "a/cur-1.csv"},
        charge("c2", "1", 17) | {"x_SourceFile": "b/cur-1.csv"},
    ]
    sheets = walk(
        files,
        Figure(MONTH),
        [part("1"), part("1", x_OriginChargeId="c2")],
        charges=charges,
    )
    assert kind_of_file(sheets["lines"]) == "text"
    assert sheets["lines"].notes == ()


def kind_of_file(sheet: Sheet) -> str:
    return next(column.kind for column in sheet.columns if column.key == "file")
