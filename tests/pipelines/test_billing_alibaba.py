"""Alibaba Cloud's bill: English and Chinese headers, orders, refunds, days and whole months.

Headers: the field list of "Instance billing cycle details" (alibabacloud.com/help, doc 89133) for
English; for Chinese the header that Alibaba Cloud's own log service SDK reads bills with. No real
bill is public: the lines are made here.
"""

import csv
import io
import json
import zipfile
from datetime import datetime
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.billing.alibaba import MACROS
from pipelines.billing.layouts.alibaba_oss import AlibabaOss
from pipelines.billing.reader import BillTables, read_bill
from pipelines.contracts import BASES
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile
from pipelines.settings import BillSource

Line = dict[str, str]
HOUR: Line = {
    "BillingCycle": "2026-09",
    "AccountID": "1690000000000013",
    "AccountName": "shop@example.com",
    "OwnerID": "1690000000000099",
    "SubscriptionType": "PayAsYouGo",
    "ProductCode": "ecs",
    "ProductName": "Elastic Compute Service",
    "ProductType": "ecs",
    "ProductDetail": "ECS - Pay-As-You-Go",
    "UsageStartTime": "2026-09-02 10:00:00",
    "UsageEndTime": "2026-09-02 11:00:00",
    "RecordID": "2026090212345",
    "Item": "PayAsYouGoBill",
    "BillingItem": "Instance",
    "BillingItemCode": "instance_type",
    "InstanceID": "i-uf6abc",
    "NickName": "ranker-1",
    "Tag": "key:model value:ranker; key:team value:search ads",
    "InstanceSpec": "ecs.gn7i-c8g1.2xlarge",
    "Region": "cn-shanghai",
    "Zone": "cn-shanghai-b",
    "Usage": "1",
    "UsageUnit": "Hour",
    "PretaxGrossAmount": "12.5",
    "InvoiceDiscount": "2.5",
    "DeductedByCoupons": "1",
    "RoundDownDiscount": "0.004",
    "PretaxAmount": "8.996",
    "DeductedByCashCoupons": "5",
    "DeductedByPrepaidCard": "1",
    "PaymentAmount": "2.996",
    "OutstandingAmount": "0",
    "Currency": "USD",
}
CHINESE = (
    "账期,财务单元,账号ID,账号,Owner账号,产品Code,产品,产品明细Code,产品明细,消费类型,消费时间,账单开始时间,"
    "账单结束时间,服务时长,订单号/账单号,账单类型,计费方式,实例ID,实例昵称,资源组,实例标签,实例配置,实例规格,"
    "公网IP,私网IP,地域,可用区,计费项,单价,单价单位,用量,用量单位,资源包抵扣,原价,优惠金额,优惠券抵扣,"
    "应付金额,现金支付,代金券抵扣,储值卡支付金额,欠费金额"
)
ORDER = {"Item": "SubscriptionOrder", "SubscriptionType": "Subscription", "BillingItem": ""}


def text_of(*lines: Line) -> str:
    columns = list(dict.fromkeys(column for line in lines for column in line))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def file(
    folder: Path, *lines: Line | str, name: str = "169_BillingItemDetail_202609.csv", role: str = ""
) -> LocalFile:
    given = [line for line in lines if isinstance(line, str)]
    text = given[0] if given else text_of(*(line for line in lines if not isinstance(line, str)))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return LocalFile(str(path), name, path.stat().st_size, "etag", role)


def read(folder: Path, *files: LocalFile, told: bool = True) -> BillTables:
    source = BillSource(name="ali", format="alibaba", path="bills")
    with duckdb.connect() as con:
        return read_bill(con, source, "2026-09", files, folder / "work", month_is_told=told)


def charges(tables: BillTables) -> list[dict[str, Any]]:
    frame = pl.read_parquet(tables.charges).sort("x_SourceFile", "x_SourceLine")
    totals = pl.read_parquet(tables.export_totals)
    for basis in BASES:  # every test reconciles
        told = totals.filter(pl.col("basis") == basis)["export_total"]
        assert sum(frame[basis], D(0)) == sum(told, D(0))
    return frame.to_dicts()


def only(tables: BillTables) -> dict[str, Any]:
    [charge] = charges(tables)
    return charge


def error(folder: Path, *files: LocalFile) -> str:
    with pytest.raises(BillUnreadable) as raised:
        read(folder, *files)
    return str(raised.value)


def test_a_line_is_billed_before_tax_and_whatever_it_is_paid_with(tmp_path: Path):
    charge = only(read(tmp_path, file(tmp_path, HOUR)))
    assert {basis: charge[basis] for basis in BASES} == {
        "BilledCost": D("8.996"),
        "EffectiveCost": D("8.996"),
        "ContractedCost": D("10.0"),  # what was negotiated; coupons come on top
        "ListCost": D("12.5"),
    }


def test_a_line_becomes_a_charge_in_utc(tmp_path: Path):
    charge = only(read(tmp_path, file(tmp_path, HOUR)))
    wanted = {
        "ServiceProviderName": "Alibaba Cloud",
        "BillingAccountId": "1690000000000013",
        "SubAccountId": "1690000000000099",
        "BillingCurrency": "USD",
        "BillingPeriodStart": datetime(2026, 8, 31, 16),
        "BillingPeriodEnd": datetime(2026, 9, 30, 16),
        "ChargePeriodStart": datetime(2026, 9, 2, 2),
        "ChargePeriodEnd": datetime(2026, 9, 2, 3),
        "charge_month": "2026-09",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ServiceName": "Elastic Compute Service",
        "ResourceId": "i-uf6abc",
        "ResourceName": "ranker-1",
        "RegionId": "cn-shanghai",
        "AvailabilityZone": "cn-shanghai-b",
        "ConsumedQuantity": D(1),
        "ConsumedUnit": "Hour",
        "x_ServiceCode": "ecs",
        "x_UsageType": "instance_type",
        "x_InstanceType": "ecs.gn7i-c8g1.2xlarge",
        "x_LineItemType": "PayAsYouGoBill",
    }
    assert {name: charge[name] for name in wanted} == wanted
    assert json.loads(charge["Tags"]) == {"model": "ranker", "team": "search ads"}


def test_the_first_day_in_beijing_is_of_the_month_though_not_in_utc(tmp_path: Path):
    first = HOUR | {"UsageStartTime": "2026-09-01 00:00:00", "UsageEndTime": "2026-09-02 00:00:00"}
    charge = only(read(tmp_path, file(tmp_path, first)))
    assert charge["ChargePeriodStart"] == datetime(2026, 8, 31, 16)
    assert (charge["billing_month"], charge["charge_month"]) == ("2026-09", "2026-09")


def test_a_time_that_names_its_zone_keeps_it(tmp_path: Path):
    told = HOUR | {"UsageStartTime": "2026-09-02T10:00:00Z", "UsageEndTime": "2026-09-02T11:00:00Z"}
    assert only(read(tmp_path, file(tmp_path, told)))["ChargePeriodStart"] == datetime(
        2026, 9, 2, 10
    )


@pytest.mark.parametrize(
    ("line", "category", "charge_class", "frequency"),
    [
        (ORDER, "Purchase", None, "One-Time"),
        ({"Item": "Refund"}, "Usage", "Correction", "One-Time"),
        (
            {"Item": "Refund", "SubscriptionType": "Subscription"},
            "Purchase",
            "Correction",
            "One-Time",
        ),
        ({"Item": "Adjustment"}, "Adjustment", None, "One-Time"),
        ({"Item": "Novelty"}, "Usage", None, "Usage-Based"),
        ({"Item": ""}, "Usage", None, "Usage-Based"),
    ],
)
def test_what_a_line_is_of_decides_its_category(
    tmp_path: Path, line: Line, category: str, charge_class: str | None, frequency: str
):
    charge = only(read(tmp_path, file(tmp_path, HOUR | line)))
    found = (charge["ChargeCategory"], charge["ChargeClass"], charge["ChargeFrequency"])
    assert found == (category, charge_class, frequency)


def test_an_order_is_effective_in_full_and_said_to_be(tmp_path: Path):
    year = {"UsageStartTime": "2026-09-05 00:00:00", "UsageEndTime": "2027-09-05 00:00:00"}
    amounts = {
        "PretaxGrossAmount": "12000",
        "InvoiceDiscount": "0",
        "DeductedByCoupons": "0",
        "RoundDownDiscount": "0",
        "PretaxAmount": "12000",
        "Usage": "",
    }
    tables = read(tmp_path, file(tmp_path, HOUR | ORDER | year | amounts))
    charge = only(tables)
    assert charge["BilledCost"] == charge["EffectiveCost"] == D(12_000)
    assert charge["ChargePeriodEnd"] == datetime(2027, 9, 4, 16)
    assert charge["ConsumedQuantity"] is None
    assert (
        "2026-09: source 'ali': 1 subscription orders of 12,000.00 USD are effective in full now: "
        "the bill does not say what of them each month used." in tables.warnings
    )


def test_lines_that_say_the_same_are_several_charges(tmp_path: Path):
    tables = read(tmp_path, file(tmp_path, HOUR, HOUR, HOUR | {"PretaxAmount": "8.9960"}))
    found = charges(tables)
    assert sum(charge["BilledCost"] for charge in found) == 3 * D("8.996")
    assert len({charge["x_ChargeId"] for charge in found}) == 3


def test_discounts_that_do_not_lead_to_what_is_billed_are_named(tmp_path: Path):
    tables = read(tmp_path, file(tmp_path, HOUR | {"PretaxAmount": "9"}))
    assert only(tables)["BilledCost"] == D(9)
    assert any(
        "PretaxGrossAmount less its discounts is not PretaxAmount on 1 lines, -0.00 USD" in warning
        for warning in tables.warnings
    )


def test_a_line_without_gross_amount_lists_what_it_cost(tmp_path: Path):
    tables = read(tmp_path, file(tmp_path, HOUR | {"PretaxGrossAmount": ""}))
    charge = only(tables)
    assert charge["ListCost"] == charge["ContractedCost"] == D("8.996")
    assert any("1 of 1 lines have no public price" in warning for warning in tables.warnings)


def test_the_whole_month_is_a_statement_and_days_are_not(tmp_path: Path):
    whole = read(tmp_path / "month", file(tmp_path / "month", HOUR, role="month"))
    assert only(whole)["InvoiceId"] == "1690000000000013-2026-09"
    assert set(pl.read_parquet(whole.export_totals)["InvoiceId"]) == {"1690000000000013-2026-09"}
    day = read(tmp_path / "day", file(tmp_path / "day", HOUR, role="day"), told=False)
    assert only(day)["InvoiceId"] is None
    assert any("1 of 1 lines have no invoice yet" in warning for warning in day.warnings)


def test_late_lines_of_another_month_are_left_to_it(tmp_path: Path):
    late = HOUR | {"BillingCycle": "2026-08", "PretaxAmount": "100"}
    tables = read(tmp_path, file(tmp_path, HOUR, late, role="day"), told=False)
    assert only(tables)["BilledCost"] == D("8.996")
    assert pl.read_parquet(tables.files)["other_months"].to_list() == [1]


def test_a_chinese_export_is_read_by_its_own_names(tmp_path: Path):
    values = {
        "账期": "2026-09",
        "账号ID": "169",
        "账号": "商店",
        "Owner账号": "搜索",
        "产品Code": "ecs",
        "产品": "云服务器ECS",
        "产品明细Code": "ecs",
        "产品明细": "云服务器ECS-按量付费",
        "消费类型": "后付费",
        "账单开始时间": "2026-09-02 10:00:00",
        "账单结束时间": "2026-09-02 11:00:00",
        "账单类型": "后付费账单",
        "实例ID": "i-uf6abc",
        "实例昵称": "排序",
        "实例标签": "model:ranker;team:搜索",
        "实例规格": "ecs.gn7i",
        "公网IP": "1.2.3.4",
        "私网IP": "10.0.0.1",
        "地域": "华东2 上海",
        "可用区": "上海 可用区B",
        "计费项": "云服务器配置",
        "用量": "1",
        "用量单位": "小时",
        "原价": "12.5",
        "优惠金额": "2.5",
        "优惠券抵扣": "1",
        "应付金额": "9",
        "现金支付": "9",
    }
    line = {column: values.get(column, "") for column in CHINESE.split(",")}
    refund = line | {
        "账单类型": "退款",
        "消费类型": "预付费",
        "应付金额": "-3",
        "原价": "-3",
        "优惠金额": "0",
    }
    tables = read(tmp_path, file(tmp_path, "\ufeff" + text_of(line, refund)))
    used, back = charges(tables)
    wanted = {
        "BillingAccountId": "169",
        "SubAccountId": "搜索",
        "BillingCurrency": "CNY",
        "BilledCost": D(9),
        "ContractedCost": D(10),
        "ListCost": D("12.5"),
        "ServiceName": "云服务器ECS",
        "ResourceId": "i-uf6abc",
        "RegionId": "华东2 上海",
        "x_ServiceCode": "ecs",
        "x_LineItemType": "PayAsYouGoBill",
        "ChargePeriodStart": datetime(2026, 9, 2, 2),
    }
    assert {name: used[name] for name in wanted} == wanted
    assert json.loads(used["Tags"]) == {"model": "ranker", "team": "搜索"}
    assert (back["ChargeCategory"], back["ChargeClass"], back["BilledCost"]) == (
        "Purchase",
        "Correction",
        D(-3),
    )
    assert any(
        "read as CNY, the only one of the Chinese site: 2 lines" in w for w in tables.warnings
    )


def test_an_instance_bill_has_no_billing_items_and_is_read_as_well(tmp_path: Path):
    gone = ("BillingItem", "BillingItemCode", "Usage", "UsageUnit", "RoundDownDiscount")
    line = {column: value for column, value in HOUR.items() if column not in gone}
    charge = only(read(tmp_path, file(tmp_path, line)))
    assert charge["BilledCost"] == D("8.996")
    assert charge["ConsumedQuantity"] is None
    assert charge["x_UsageType"] == "ECS - Pay-As-You-Go"


def test_a_zip_of_parts_is_one_bill(tmp_path: Path):
    path = tmp_path / "169_BillingItemDetail_202609.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("part-1.csv", text_of(HOUR))
        archive.writestr("part-2.csv", text_of(HOUR | {"UsageStartTime": "2026-09-02 11:00:00"}))
    zipped = LocalFile(str(path), path.name, path.stat().st_size, "etag", "month")
    assert sum(charge["BilledCost"] for charge in charges(read(tmp_path, zipped))) == D("17.992")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"PretaxAmount": ""}, "line 2: PretaxAmount is empty"),
        ({"PretaxAmount": "1,000.00"}, "line 2: PretaxAmount '1,000.00' is not a number"),
        ({"Currency": ""}, "line 2: Currency is empty"),
        ({"Currency": "$"}, "line 2: Currency '$' is not a currency code"),
        ({"BillingCycle": "2026-08"}, "BillingCycle '2026-08' is another billing month"),
        ({"BillingCycle": "September"}, "BillingCycle 'September' is not"),
    ],
)
def test_money_that_cannot_be_read_stops_the_month(tmp_path: Path, line: Line, told: str):
    assert told in error(tmp_path, file(tmp_path, HOUR | line))


def test_a_file_without_the_amount_is_refused(tmp_path: Path):
    line = {column: value for column, value in HOUR.items() if column != "PretaxAmount"}
    assert "has no column 'PretaxAmount'; the nearest there is is 'Pre" in error(
        tmp_path, file(tmp_path, line)
    )


def test_a_time_that_cannot_be_read_leaves_the_cycle(tmp_path: Path):
    tables = read(tmp_path, file(tmp_path, HOUR | {"UsageStartTime": "-", "UsageEndTime": "-"}))
    charge = only(tables)
    assert charge["ChargePeriodStart"] == datetime(2026, 8, 31, 16)
    assert charge["ChargePeriodEnd"] == datetime(2026, 9, 30, 16)
    assert any(
        "UsageStartTime is no time: the billing cycle stands in" in w for w in tables.warnings
    )


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("key:a value:b", {"a": "b"}),
        ("key:a value:b; key:c value:", {"a": "b", "c": ""}),
        ("key:url value:https://x.y/z?q=1", {"url": "https://x.y/z?q=1"}),
        ("a:b;c:d:e", {"a": "b", "c": "d:e"}),
        ('key:say "hi" value:it\'s', {'say "hi"': "it's"}),
        ("-", {}),
        (None, {}),
    ],
)
def test_tags_are_read_in_both_spellings(text: str | None, tags: dict[str, str]):
    with duckdb.connect() as con:
        for signature, body in MACROS.items():
            if signature.startswith("alibaba_tags"):
                con.execute(f"CREATE TEMP MACRO {signature} AS {body}")
        [(found,)] = con.execute("SELECT alibaba_tags($text::VARCHAR)", {"text": text}).fetchall()
    assert json.loads(found) == tags


# --- which files are a month's bill ---------------------------------------------------------------

LAYOUT = AlibabaOss()
DAYS = [f"bills/169_BillingItemDetail_202609{day:02}.csv" for day in range(1, 31)]
WHOLE = "bills/169_BillingItemDetail_202609.csv"


def chosen(*names: str) -> list[str]:
    return LAYOUT.choose("ali", "2026-09", names, {}).files


def test_the_whole_month_wins_over_its_days_and_summaries():
    names = [
        *DAYS,
        WHOLE,
        "bills/169_BillingItemDetailMonthly_202609.csv",
        "bills/169_InstanceDetail_202609.csv",
        "bills/169_SplitItemDetailDaily_202609.csv",
    ]
    delivery = LAYOUT.choose("ali", "2026-09", names, {})
    assert delivery.files == [WHOLE]
    assert delivery.roles == {WHOLE: "month"}
    assert delivery.month_is_told
    assert delivery.warnings == []


def test_days_are_read_until_the_whole_month_is_there():
    delivery = LAYOUT.choose("ali", "2026-09", [*DAYS[:3], *DAYS[5:10]], {})
    assert delivery.files == [*DAYS[:3], *DAYS[5:10]]
    assert not delivery.month_is_told
    assert delivery.warnings == [
        "account 169 is read from the files of 8 days: late lines come with a later day or with "
        "the whole month's file.",
        "account 169 has no file of 2 days: 2026-09-04, 2026-09-05.",
    ]


def test_every_account_has_its_own_bill():
    other = "bills/170_InstanceDetailMonthly_202609.zip"
    delivery = LAYOUT.choose("ali", "2026-09", [WHOLE, other], {})
    assert delivery.files == [WHOLE, other]
    assert delivery.roles == {WHOLE: "month", other: "summary"}


def test_of_numbered_deliveries_the_latest_is_read_with_all_its_parts():
    name = "169_PartnerBillingItemDetail_202609_{}_{}.csv".format
    names = [name("0001", "01"), name("0001", "02"), name("0002", "01"), name("0002", "02")]
    assert chosen(*names) == names[2:]


def test_a_name_without_an_ending_is_a_bill_and_others_are_not():
    assert chosen("169_BillingItemDetail_202609", "169_BillingItemDetail_202610") == [
        "169_BillingItemDetail_202609"
    ]
    assert LAYOUT.month_of("169_BillingItemDetail_20260930") == "2026-09"
    assert LAYOUT.month_of("169_SplitItemDetailDaily_202609.csv") is None
    assert LAYOUT.month_of("169_MonthBill_202609.pdf") is None
    assert LAYOUT.recognises(["readme.txt", WHOLE])
    assert not LAYOUT.recognises(["readme.txt", "169_BillingItemDetail_209913.csv"])


def test_split_bills_alone_are_no_bill():
    with pytest.raises(BillUnreadable, match="split bills divide the same money again"):
        LAYOUT.choose("ali", "2026-09", ["169_SplitItemDetailDaily_202609.csv"], {})
