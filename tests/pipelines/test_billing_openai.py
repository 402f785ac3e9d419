"""OpenAI's costs pages as a bill: exact amounts, buckets read again, pages that are missing."""

import json
import re
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import duckdb
import pytest
from billing_reading import charges, exported, read, sums

from pipelines.attribution.rules import default_rules
from pipelines.billing.detection import detect
from pipelines.billing.file_headers import header_names
from pipelines.billing.file_months import months_of_file
from pipelines.billing.openai import FORMAT
from pipelines.billing.reader import BillTables, read_bill
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile
from pipelines.settings import BillSource

DAY = 86_400
FIRST = 1_788_220_800  # 2026-09-01T00:00:00Z


def cost(value: str, **fields: Any) -> str:
    """A result as it is answered today; `value` as it is written."""
    told = {
        "object": "organization.costs.result",
        "amount": {"value": "VALUE", "currency": "usd"},
        "line_item": "gpt-4o-2024-08-06, input",
        "project_id": "proj_abc",
        "project_name": "search",
        "organization_id": "org-1",
        "quantity": 1000,
        "quantity_unit": "tokens",
    } | fields
    return json.dumps(told).replace('"VALUE"', value)


def bucket(day: int, *results: str) -> str:
    start = FIRST + (day - 1) * DAY
    listed = ", ".join(results)
    return (
        f'{{"object": "bucket", "start_time": {start}, "end_time": {start + DAY}, '
        f'"results": [{listed}]}}'
    )


def page(*buckets: str, has_more: bool = False) -> str:
    listed = ",\n".join(buckets)
    return f'{{"object": "page", "data": [{listed}],\n"has_more": {str(has_more).lower()}}}'


def stored(folder: Path, **texts: str) -> list[LocalFile]:
    files = []
    for name, text in texts.items():
        path = folder / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        files.append(LocalFile(str(path), path.name, path.stat().st_size, "1"))
    return files


def read_pages(folder: Path, **texts: str) -> BillTables:
    return read(folder, stored(folder, **texts), format="openai")


def test_a_result_is_a_charge_of_its_line_item_and_project_to_the_last_digit(tmp_path):
    exact = "0.060000000000000012"
    tables = read_pages(tmp_path, a=page(bucket(1, cost(exact)), bucket(2, cost("1.5e-7"))))
    first, second = charges(tables).to_dicts()
    told = {
        "ServiceProviderName": "OpenAI",
        "BillingAccountId": "org-1",
        "SubAccountId": "proj_abc",
        "SubAccountName": "search",
        "BillingCurrency": "USD",
        "charge_month": "2026-09",
        "x_ServiceCode": "organization.costs",
        "x_UsageType": "gpt-4o-2024-08-06, input",
        "SkuMeter": "input",
        "ConsumedQuantity": D(1000),
        "ConsumedUnit": "tokens",
        "BilledCost": D(exact),
        "EffectiveCost": D(exact),
        "ListCost": D(exact),
        "x_SourceLine": 2,
    }
    assert {name: first[name] for name in told} == told
    assert second["BilledCost"] == D("0.00000015")
    assert sums(tables) == exported(tables)
    assert not any("invoice" in warning for warning in tables.warnings)


def test_a_day_that_is_read_again_is_replaced_and_its_charge_keeps_its_id(tmp_path):
    before = read_pages(tmp_path, a=page(bucket(1, cost("5")), bucket(2, cost("1"))))
    known = {row["x_ChargeId"] for row in charges(before).to_dicts()}
    again = page(bucket(2, cost("3")), bucket(3, cost("2", project_id=None)))
    tables = read_pages(tmp_path, a=page(bucket(1, cost("5")), bucket(2, cost("1"))), b=again)
    assert sums(tables)["BilledCost"] == D(10)
    assert exported(tables) == sums(tables)
    assert known < {row["x_ChargeId"] for row in charges(tables).to_dicts()}


def test_a_reading_without_projects_replaces_and_is_replaced_by_any(tmp_path):
    whole = page(bucket(1, cost("9", project_id=None)))
    parts = page(bucket(1, cost("4", project_id="p"), cost("2", project_id="q")))
    one = page(bucket(1, cost("3", project_id="q")))
    assert sums(read_pages(tmp_path, a=whole, b=parts))["BilledCost"] == D(6)
    assert sums(read_pages(tmp_path, a=whole, b=parts, c=one))["BilledCost"] == D(7)
    assert sums(read_pages(tmp_path, b=parts, c=one, d=whole))["BilledCost"] == D(9)


def test_pages_of_any_form_are_read_and_other_months_are_left_to_their_run(tmp_path):
    texts = {
        "array": f"[{page(bucket(1, cost('1')))}, {page(bucket(2, cost('2')))}]",
        "lines": "\n".join((page(bucket(3, cost("4"))).replace("\n", ""), bucket(31, cost("8")))),
        "empty": page(bucket(4)),
    }
    files = stored(tmp_path, **texts)
    settings = BillSource(name="openai", path="bills", format="openai")
    with duckdb.connect() as con:
        months = [months_of_file(con, settings, FORMAT, f, tmp_path / f"m{f.name}") for f in files]
    assert months == [["2026-09"], ["2026-09", "2026-10"], []]
    with duckdb.connect() as con:
        tables = read_bill(con, settings, "2026-09", files, tmp_path / "w", month_is_told=False)
    assert sums(tables)["BilledCost"] == D(7)


def test_days_that_no_page_has_are_said(tmp_path):
    missing = page(bucket(1, cost("1")), bucket(7, cost("1")), has_more=True)
    tables = read_pages(tmp_path, a=missing)
    assert any("days from 2026-09-08 on" in warning for warning in tables.warnings)
    tables = read_pages(tmp_path, a=missing, b=page(bucket(8, cost("1", line_item=None))))
    assert not any("2026-09-08" in warning for warning in tables.warnings)
    assert any("1 lines name no line item" in warning for warning in tables.warnings)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (page(bucket(1, cost("null"))), "amount.value is empty"),
        (page(bucket(1, cost('"much"'))), "is not a number"),
        (page(bucket(1, cost("1", amount={"value": 1}))), "amount.currency is empty"),
        (page(bucket(1, cost("1"))).replace(str(FIRST), '"soon"'), "start_time"),
        (
            page(bucket(1, cost("1", object="organization.usage.completions.result"))),
            "openai-usage",
        ),
        ('{"error": {"message": "no"}}', "no page of an API's answer"),
        ('{"object": "page", "data": [{"object": "bucket"}]}', "has no `results`"),
        ('{"object": "page"', "is no JSON"),
    ],
)
def test_a_page_that_cannot_be_charged_stops_the_month(tmp_path, text, problem):
    with pytest.raises(BillUnreadable, match=problem):
        read_pages(tmp_path, a=text)


def test_pages_are_known_by_their_results_and_usage_is_no_bill(tmp_path):
    usage = '{"object": "organization.usage.completions.result", "num_model_requests": 1}'
    texts = {"costs": page(bucket(1, cost("1"))), "usage": page(bucket(1, usage))}
    with duckdb.connect() as con:
        names = [header_names(con, file, "s", "m") for file in stored(tmp_path, **texts)]
    [bill], [log] = [detect(found) for found in names]
    assert (bill.format, bill.version, bill.is_complete, bill.is_bill) == (
        "openai",
        "costs",
        True,
        True,
    )
    assert (log.format, log.is_bill) == ("openai", False)


@pytest.mark.parametrize(
    ("line_item", "model"),
    [
        ("gpt-5.6-terra, cached input", "gpt-5.6-terra"),
        ("gpt-image-2-2026-04-21 text, input", "gpt-image-2-2026-04-21"),
        ("ft:gpt-4o-mini:shop:rank:v7, output", "ft:gpt-4o-mini:shop:rank:v7"),
        ("whisper", "whisper"),
        ("web search tool calls", None),
    ],
)
def test_a_line_item_names_the_model_before_its_meter(line_item, model):
    [rule] = [rule for rule in default_rules().rules if rule.id == "openai"]
    assert rule.service == "organization.costs"
    match = re.match(rule.model_text or "", line_item, re.IGNORECASE)
    assert (match[1] if match else None) == model
