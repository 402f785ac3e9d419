"""Every cent: charges, export totals and Python decimals agree on bills nobody thought out."""

import csv
import gzip
import random
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from pathlib import Path

import duckdb
import polars as pl
import pytest
from billing_reading import charges, exported, read, sums
from builders import PLAN, RESERVATION, covered, cur_line, negation, split_row

from pipelines.billing.amounts import define_macros
from pipelines.contracts import BASES
from pipelines.files import LocalFile
from pipelines.money import quantise

D = Decimal
ZERO = Decimal(0)


def amount_text(rng: random.Random) -> str:
    """Amounts as publishers print them: short, with an exponent, of 28 digits, exact ties."""
    sign = rng.choice(["", "", "-"])
    form = rng.randrange(5)
    digits = "".join(rng.choice("0123456789") for _ in range(28))
    if form == 0:
        return f"{sign}{rng.randrange(10000)}.{digits[:2]}"
    if form == 1:
        return f"{sign}0.{digits[:10]}"
    if form == 2:
        return f"{sign}{rng.randrange(10)}.{digits[:3]}E-{rng.randrange(1, 12)}"
    if form == 3:
        return f"{sign}{rng.randrange(1000)}.{digits[:26]}"
    return f"{sign}{rng.randrange(1000)}.{digits[:18]}5"


def random_bill(seed: int) -> list[dict[str, str]]:
    rng = random.Random(seed)  # noqa: S311 -- a repeatable bill
    lines = []
    for number in range(rng.randrange(1, 40)):
        cost = amount_text(rng)
        common = {
            "ResourceId": f"i-{rng.randrange(4)}",
            "InvoiceId": rng.choice(["", "INV-1", "INV-2"]),
            "PayerAccountId": rng.choice(["111111111111", "999999999999"]),
            "CurrencyCode": rng.choice(["USD", "USD", "EUR"]),
            "publicOnDemandCost": rng.choice([amount_text(rng), ""]),
        }
        kind = rng.randrange(9)
        if kind == 0:
            hour = f"2026-09-03T{number % 24:02}:00:00Z"
            pair = {**common, "UsageStartDate": hour, "UsageType": f"Box:{number}"}
            lines += [covered(cost, amount_text(rng), **pair)]
            other = cost[1:] if cost.startswith("-") else f"-{cost}"
            lines += [negation(other, **pair)]
        elif kind == 1:
            lines.append(split_row("1.5", "0.5", **common))
        elif kind == 2:
            used = {"TotalCommitmentToDate": amount_text(rng), "UsedCommitment": amount_text(rng)}
            lines.append(cur_line(cost, **common, LineItemType="SavingsPlanRecurringFee", **used))
        elif kind == 3:
            lines.append(
                cur_line(
                    cost,
                    **common,
                    LineItemType="RIFee",
                    UnusedRecurringFee=amount_text(rng),
                    UnusedAmortizedUpfrontFeeForBillingPeriod=amount_text(rng),
                )
            )
        elif kind == 4:
            lines.append(
                cur_line(
                    "0",
                    **common,
                    LineItemType="DiscountedUsage",
                    EffectiveCost=amount_text(rng),
                    ReservationARN=RESERVATION,
                )
            )
        else:
            types = ["Usage", "Usage", "Tax", "Credit", "Refund", "Fee", "EdpDiscount"]
            lines.append(cur_line(cost, **common, LineItemType=rng.choice(types)))
    return lines


def cost_in_python(line: dict[str, str]) -> dict[str, Decimal]:
    """The documented rules once more, in Python decimals, line by line."""

    def amount(column: str) -> Decimal:
        return quantise(D(line[column])) if line[column] else ZERO

    kind, billed = line["lineItem/LineItemType"], amount("lineItem/UnblendedCost")
    fees = {"SavingsPlanRecurringFee", "RIFee", "SavingsPlanNegation", "EdpDiscount"}
    effective = {
        "SavingsPlanCoveredUsage": amount("savingsPlan/SavingsPlanEffectiveCost"),
        "SavingsPlanNegation": ZERO,
        "SavingsPlanRecurringFee": amount("savingsPlan/TotalCommitmentToDate")
        - amount("savingsPlan/UsedCommitment"),
        "DiscountedUsage": amount("reservation/EffectiveCost"),
        "RIFee": amount("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod")
        + amount("reservation/UnusedRecurringFee"),
    }.get(kind, billed)
    if kind in fees:
        listed = ZERO
    elif kind in {"Tax", "Credit", "Refund", "Fee"} or not line["pricing/publicOnDemandCost"]:
        listed = billed
    else:
        listed = amount("pricing/publicOnDemandCost")
    contracted = billed if kind == "EdpDiscount" else listed
    return dict(zip(BASES, (billed, effective, contracted, listed), strict=True))


@pytest.mark.parametrize("seed", range(12))
def test_charges_export_totals_and_python_agree_in_all_four_bases(tmp_path: Path, seed: int):
    lines = random_bill(seed)
    tables = read(tmp_path, lines)
    priced = [
        (line, cost_in_python(line)) for line in lines if not line["splitLineItem/ParentResourceId"]
    ]
    expected = {basis: sum((cost[basis] for _, cost in priced), ZERO) for basis in BASES}
    assert sums(tables) == expected
    assert exported(tables) == expected
    rows = charges(tables)
    fees = {"SavingsPlanRecurringFee", "RIFee"}
    unused = [line for line, cost in priced if line["lineItem/LineItemType"] in fees
              and cost["EffectiveCost"] != 0]  # fmt: skip
    assert rows.filter(pl.col("CommitmentDiscountStatus") == "Unused").height == len(unused)
    assert rows["x_ChargeId"].n_unique() == rows.height == len(priced) + len(unused)
    bought = rows.filter(pl.col("x_LineItemType").is_in(fees), ChargeCategory="Purchase")
    assert set(bought["EffectiveCost"]) <= {ZERO}
    counts = pl.read_parquet(tables.files).to_dicts()[0]
    assert counts["lines_read"] == len(lines) == counts["charges"] + counts["split_rows"]
    assert counts["charges"] == len(priced)


def test_an_amount_is_rounded_once_half_to_even_whatever_its_form(tmp_path: Path):
    rng = random.Random(7)  # noqa: S311 -- repeatable amounts
    texts = {amount_text(rng) for _ in range(3000)}
    texts |= {"1.5e-18", "25e-19", "15E-19", "150e-20", "-0.5e-18", "5e-19", "1e-30", "-0", ".5"}
    with duckdb.connect() as con:
        define_macros(con)
        con.execute("CREATE TABLE texts (t VARCHAR)")
        con.execute("INSERT INTO texts SELECT unnest($texts)", {"texts": sorted(texts)})
        rows = con.execute("SELECT t, amount(t), amount_rounding(t) FROM texts").fetchall()
    with localcontext(prec=80):
        for text, amount, units in rows:
            exact = D(text)
            assert amount == exact.quantize(D("1e-18"), ROUND_HALF_EVEN), text
            assert abs(units.scaleb(-18) - (amount - exact)) <= D("1e-38"), text


def test_the_distance_to_the_text_is_kept_with_the_file(tmp_path: Path):
    lines = [cur_line("0.0000000000000000014", publicOnDemandCost="1") for _ in range(5)]
    tables = read(tmp_path, lines)
    assert pl.read_parquet(tables.files)["rounding"].to_list() == [D("2e-18")]


BILLS = "billing/aws-cur-legacy"
SEPTEMBER = "nise-s3-ai/exports/ai-cur/20260901-20261001/f84e17a0-1973-4eeb-bf4e-997e5cc23ea3"
OCTOBER = "nise-s3-ai/exports/ai-cur/20261001-20261101/2190cd65-945b-4603-aacf-2a041b21e354"


def delivered(path: Path) -> list[LocalFile]:
    return [LocalFile(str(path), path.name, path.stat().st_size, "etag")]


@pytest.mark.parametrize(
    ("month", "name", "billed", "effective", "listed"),
    [
        (
            "2026-09",
            f"{SEPTEMBER}/September-2026-ai-cur.csv.gz",
            "59720.80",
            "60177.28",
            "60445.12",
        ),
        ("2026-10", f"{OCTOBER}/October-2026-ai-cur.csv.gz", "13935.21", "14041.72", "14104.22"),
        ("2023-11", "real_anonymised_2023-11.csv.gz", "1.68", "1.68", None),
    ],
)
def test_published_bills_add_up_to_their_published_totals(
    tmp_path: Path, shared_data: Path, month: str, name: str, billed, effective, listed
):
    tables = read(tmp_path, delivered(shared_data / BILLS / name), month=month)
    total = sums(tables)
    assert total == exported(tables)
    assert total["BilledCost"].quantize(D("0.01")) == D(billed)
    assert total["EffectiveCost"].quantize(D("0.01")) == D(effective)
    if listed:
        assert total["ListCost"].quantize(D("0.01")) == D(listed)


def test_the_real_bill_adds_up_to_the_last_digit_of_its_text(tmp_path: Path, shared_data: Path):
    path = shared_data / BILLS / "real_anonymised_2023-11.csv.gz"
    with gzip.open(path, "rt", newline="") as text:
        total = sum((D(row["lineItem/UnblendedCost"]) for row in csv.DictReader(text)), ZERO)
    assert total == D("1.68230869740")
    assert sums(read(tmp_path, delivered(path), month="2023-11"))["BilledCost"] == total


def test_covered_usage_of_the_generated_bill_is_billed_nothing(tmp_path: Path, shared_data: Path):
    path = shared_data / BILLS / SEPTEMBER / "September-2026-ai-cur.csv.gz"
    rows = charges(read(tmp_path, delivered(path)))
    usage = rows.filter(pl.col("x_LineItemType") == "SavingsPlanCoveredUsage")
    assert [sum(usage[basis], ZERO) for basis in ("BilledCost", "EffectiveCost", "ListCost")] == [
        D(0),
        D("456.48"),
        D("724.32"),
    ]


def test_usage_whose_negations_were_never_delivered_is_kept_only_on_request(
    tmp_path: Path, shared_data: Path
):
    path = shared_data / BILLS / "koku_2023-06-01.csv"
    tables = read(tmp_path, delivered(path), month="2023-06", unpaired_negations="keep")
    assert charges(tables)["BillingCurrency"].unique().to_list() == ["NOK"]
    assert (sums(tables)["BilledCost"], sums(tables)["EffectiveCost"]) == (D(30), D("0.30"))


def test_plan_ids_do_not_leak_between_plans(tmp_path: Path):
    other = PLAN.replace("1111", "9999")
    lines = [covered("1", "1"), negation("-1"), covered("2", "1", SavingsPlanARN=other),
             negation("-2", SavingsPlanARN=other)]  # fmt: skip
    assert sums(read(tmp_path, lines))["BilledCost"] == ZERO
