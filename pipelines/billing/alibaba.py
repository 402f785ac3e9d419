"""Alibaba Cloud's bill by billing item or by instance: its columns, and how it is read.

Read are the files of SubscribeBillToOSS (BillingItemDetail, InstanceDetail, their monthly
summaries) and the same table exported from the console, with English or Chinese headers. Decisions,
with their reasons:

- **Billing month** is BillingCycle, never a timestamp. Times without a zone are Beijing time
  (UTC+8): a cycle begins at 16:00 UTC of the day before.
- **Billed** is PretaxAmount. Cash coupons, prepaid cards, cash and what is outstanding say how it
  is paid, and cost nothing more. **List** is PretaxGrossAmount; without it the line's own cost
  stands in, counted. **Contracted** is the gross amount less InvoiceDiscount: discount coupons and
  the rounding down to cents are granted on top of what was negotiated.
- **Subscription orders** are a Purchase with effective cost = billed: this bill has no lines that
  use the order up month by month (Alibaba's upgraded bill has, as fees of subscription coverage;
  it is in preview, and its columns are not read), so an effective cost of 0 would lose the money
  from every model. The charge period is the whole term. A warning says how much it is.
- **Refunds** keep the category of what they refund (Purchase for a subscription, else Usage) with
  ChargeClass Correction; **adjustments** are ChargeCategory Adjustment.
- **Several lines of one item and day** (price tiers, for one) are several charges: nothing is
  de-duplicated within a file.
- **Invoice**: these bills carry no invoice number. A month's whole file is the statement, so its
  lines get `ACCOUNT-CYCLE`; lines of daily files and summaries have none yet: the bill is open.
- **Currency** is the column's; the Chinese site's export has no such column and bills in CNY only.
- **Resource packages** cover usage at no amount; what they cost is their subscription order.
"""

from typing import Final

from pipelines.billing.columns import Column
from pipelines.billing.formats import Bill, BillFormat
from pipelines.money import show
from pipelines.queries import query

COLUMNS: Final[tuple[Column, ...]] = (
    Column("billing_cycle", "BillingCycle", is_core=True, aliases=("账期", "账单月份")),
    Column("billing_date", "BillingDate", aliases=("账单日期",)),
    Column("account_id", "AccountID", aliases=("BillAccountID", "账号ID")),
    Column("account_name", "AccountName", aliases=("BillAccountName", "账号")),
    Column("owner_id", "OwnerID"),
    Column("owner_name", "OwnerAccountName", aliases=("OwnerName", "Owner账号")),
    Column("cost_unit", "CostUnit", aliases=("财务单元",)),
    Column("product_code", "ProductCode", aliases=("产品Code",)),
    Column("product_name", "ProductName", aliases=("产品",)),
    Column("product_type", "ProductType"),
    Column("product_detail", "ProductDetail", aliases=("产品明细",)),
    Column("commodity_code", "CommodityCode", aliases=("产品明细Code",)),
    Column("subscription_type", "SubscriptionType", aliases=("消费类型",)),
    Column("usage_start", "UsageStartTime", aliases=("账单开始时间",)),
    Column("usage_end", "UsageEndTime", aliases=("账单结束时间",)),
    Column("service_period", "ServicePeriod", aliases=("服务时长",)),
    Column("service_period_unit", "ServicePeriodUnit", aliases=("时长单位",)),
    Column("record_id", "RecordID", aliases=("订单号/账单号",)),
    Column("item", "Item", aliases=("BillType",)),
    Column("item_zh", "账单类型"),
    Column("billing_item", "BillingItem", aliases=("计费项",)),
    Column("billing_item_code", "BillingItemCode", aliases=("计费项Code",)),
    Column("billing_type", "BillingType", aliases=("计费方式",)),
    Column("instance_id", "InstanceID", aliases=("实例ID",)),
    Column("instance_name", "NickName", aliases=("实例昵称",)),
    Column("resource_group", "ResourceGroup", aliases=("资源组",)),
    Column("tag_text", "Tag", aliases=("实例标签",)),
    Column("instance_spec", "InstanceSpec", aliases=("实例规格",)),
    Column("region", "Region", aliases=("地域",)),
    Column("zone", "Zone", aliases=("可用区",)),
    Column("usage", "Usage", "quantity", aliases=("用量",)),
    Column("usage_unit", "UsageUnit", aliases=("用量单位",)),
    Column("list_price", "ListPrice", "quantity", aliases=("单价",)),
    Column("deducted_usage", "DeductedByResourcePackage", aliases=("资源包抵扣",)),
    Column("gross_amount", "PretaxGrossAmount", "money", aliases=("原价",)),
    Column("invoice_discount", "InvoiceDiscount", "money", aliases=("优惠金额",)),
    Column("coupon_discount", "DeductedByCoupons", "money", aliases=("优惠券抵扣",)),
    Column("round_down", "RoundDownDiscount", "money", aliases=("抹零优惠", "抹零金额")),
    Column("pretax_amount", "PretaxAmount", "money", is_core=True, aliases=("应付金额",)),
    Column("currency_code", "Currency", aliases=("币种",)),
)

_TAG = "trim(e)"
MACROS: Final = {
    # Beijing time where the text names no zone.
    "alibaba_instant(t)": (
        "CASE WHEN t IS NULL THEN NULL "
        "WHEN t LIKE '____-__-__ __:__:__' THEN try_cast(t AS TIMESTAMP) - INTERVAL 8 HOUR "
        "WHEN regexp_matches(t, '(Z|UTC|[+-][0-9][0-9]:?[0-9][0-9])$') AND length(t) > 10 "
        "THEN instant(t) ELSE instant(t) - INTERVAL 8 HOUR END"
    ),
    "alibaba_month(t)": (
        r"CASE WHEN regexp_full_match(t, '\d{4}-(0[1-9]|1[0-2])') THEN t "
        r"WHEN regexp_full_match(t, '\d{4}(0[1-9]|1[0-2])') THEN left(t, 4) || '-' || right(t, 2) "
        "END"
    ),
    # `key:model value:ranker; key:team value:search`, or `model:ranker;team:search`.
    "alibaba_tags(t)": (
        "'{' || coalesce(array_to_string(list_transform("
        f"list_filter(string_split(coalesce(t, ''), ';'), lambda e: contains({_TAG}, ':')), "
        "lambda e: CASE "
        f"WHEN regexp_full_match({_TAG}, 'key:.* value:.*', 's') THEN "
        f"to_json(trim(regexp_extract({_TAG}, '^key:(.*?) value:', 1, 's')))::VARCHAR || ':' || "
        f"to_json(trim(regexp_extract({_TAG}, '^key:.*? value:(.*)$', 1, 's')))::VARCHAR "
        f"ELSE to_json(trim(split_part({_TAG}, ':', 1)))::VARCHAR || ':' || "
        f"to_json(trim(substr({_TAG}, strpos({_TAG}, ':') + 1)))::VARCHAR END), ','), '') || '}}'"
    ),
    "alibaba_item(item, item_zh)": (
        "CASE coalesce(item, item_zh) "
        "WHEN '预付费账单' THEN 'SubscriptionOrder' WHEN '预付订单' THEN 'SubscriptionOrder' "
        "WHEN '后付费账单' THEN 'PayAsYouGoBill' WHEN '后付账单' THEN 'PayAsYouGoBill' "
        "WHEN '退款' THEN 'Refund' WHEN '调账' THEN 'Adjustment' "
        "ELSE coalesce(item, item_zh) END"
    ),
    "alibaba_is_subscription(t)": "coalesce(t IN ('Subscription', '预付费', '包年包月'), false)",
}


def prepare(bill: Bill) -> None:
    """Say what of the month is ordered in advance, and where its amounts contradict each other."""
    for currency, orders, ordered, disagreeing, difference in query(
        bill.con, "billing/alibaba/line_sums"
    ).fetchall():
        if orders:
            bill.warnings.append(
                f"{bill.where} {orders} subscription orders of {show(ordered)} {currency} are "
                "effective in full now: the bill does not say what of them each month used."
            )
        if disagreeing:
            bill.warnings.append(
                f"{bill.where} PretaxGrossAmount less its discounts is not PretaxAmount on "
                f"{disagreeing} lines, {show(difference)} {currency} together: PretaxAmount is "
                "billed."
            )


FORMAT = BillFormat(
    name="alibaba",
    folder="alibaba",
    columns=COLUMNS,
    prepare=prepare,
    macros=MACROS,
    billing_period="billing_cycle",
)
