"""Real bills and published examples, read and attributed: what is AI in them, to the cent."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.attribution import AttributionInputs, allocate
from pipelines.attribution.reconciliation import reconcile
from pipelines.attribution.rules import load_rules
from pipelines.billing.reader import read_bill
from pipelines.files import LocalFile
from pipelines.registry.catalogue import parse_catalogue
from pipelines.settings import BillSource, parse_settings
from pipelines.spend import commitments

CATALOGUE = (
    '[[models]]\nname = "Solora Atlas"\n[[models.versions]]\nversion = "solora-atlas-5.5"\n'
    '[[commitments]]\nid = "*"\nowner = "finops"\n'
)


def attributed(
    folder: Path, bills: Path, format_: str, month: str, *names: str, policy: str = "kept"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The ledger of a sample's month, which adds up to the export, and its commitments."""
    files = [LocalFile(str(bills / n), Path(n).name, (bills / n).stat().st_size, n) for n in names]
    catalogue = parse_catalogue(CATALOGUE)
    bill = '[[bills]]\nname = "sample"\npath = "x"\n'
    settings = parse_settings(f'{bill}[attribution]\ncommitment_pool = "{policy}"\n')
    source = BillSource(name="sample", format=format_, path="x")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        tables = read_bill(con, source, month, files, folder, month_is_told=False)
    with duckdb.connect() as con:
        charges = [str(tables.charges)]
        found = allocate(con, month, AttributionInputs(charges), catalogue, load_rules(), settings)
        file = str(folder / "ledger.parquet")
        found.allocated.write_parquet(file)
        reconcile(con, month, [file], [str(tables.export_totals)])
        return pl.read_parquet(file), commitments(con, month, charges, catalogue)


def by(ledger: pl.DataFrame, *columns: str, cost: str = "EffectiveCost") -> dict[Any, Decimal]:
    sums = ledger.group_by(columns).agg(pl.col(cost).sum())
    return {tuple(keys): amount.normalize() + 0 for *keys, amount in sums.iter_rows()}


def test_the_draft_standards_model_keys_name_every_token(shared_data: Path, tmp_path: Path):
    bills = shared_data / "billing" / "focus-1.5-draft-ai"
    ledger, _ = attributed(tmp_path, bills, "focus", "2025-05", "multi_model_usage.csv")
    assert by(ledger, "model", "model_version", "evidence") == {
        ("Solora Atlas", "solora-atlas-5.5", "model keys"): 100,
        ("Solora Atlas", "solora-atlas-5.4-mini", "model keys"): Decimal("4.5"),
    }


def test_a_token_commitment_is_its_owners_and_its_use_the_models(shared_data: Path, tmp_path: Path):
    bills = shared_data / "billing" / "focus-1.5-draft-ai"
    sample = "drawdown_via_prepayment_ai_model_api.csv"
    ledger, found = attributed(tmp_path, bills, "focus", "2025-05", sample)
    assert by(ledger, "bucket", "owner", cost="BilledCost") == {
        ("commitment", "finops"): 500_000,
        ("model_version", ""): 0,
    }
    assert by(ledger, "bucket", "model") == {
        ("commitment", ""): 0,
        ("model_version", "solora-saturn-5.0"): 50,
    }
    [row] = found.to_dicts()
    assert (row["purchased_cost"], row["used_effective_cost"], row["owner"]) == (
        500_000,
        50,
        "finops",
    )
    assert row["unused_effective_cost"] == 0, "the file does not say what is left of it"


@pytest.mark.parametrize("policy", ["kept", "organisation"])
def test_googles_accelerator_machines_are_ai_and_credits_overhead(
    shared_data: Path, tmp_path: Path, policy: str
):
    names = [f"nise_detailed_EUR_2026-{month}.csv.gz" for month in (10, 11)]
    bills = shared_data / "billing" / "gcp"
    ledger, _ = attributed(tmp_path, bills, "gcp", "2026-10", *names, policy=policy)
    assert by(ledger, "bucket", cost="BilledCost") == {
        ("unattributed",): 1536,
        ("overhead",): Decimal("-74.4"),
        ("not_ai",): Decimal("3711.99999936"),
    }


def test_azures_pair_adds_up_with_and_without_a_pool(shared_data: Path, tmp_path: Path):
    names = ("EA_ActualCost_Small.csv", "EA_AmortizedCost_Small.csv.gz")
    bills = shared_data / "billing" / "azure"
    kept, found = attributed(tmp_path, bills, "azure", "2023-09", *names)
    assert by(kept, "bucket", cost="BilledCost")["commitment",] == Decimal("3.25")
    assert set(kept.filter(pl.col("bucket") == "unattributed")["rule_id"]) == {
        "azure-ai-storage",
        "azure-ai-transfer",
    }
    assert set(found["commitment_type"]) == {"Reservation", "Savings Plan"}
    pooled, _ = attributed(tmp_path, bills, "azure", "2023-09", *names, policy="organisation")
    moves = pooled.filter(pl.col("rule_id") == "commitment-pool")
    assert moves.height == 2
    assert moves["EffectiveCost"].sum() == 0


def test_focus_commitments_of_an_organisation_are_used_unused_and_bought(
    shared_data: Path, tmp_path: Path
):
    name = "fdt_cost_and_usage_aws_3000_seed7.csv.gz"
    bills = shared_data / "billing" / "focus-1.3"
    ledger, found = attributed(tmp_path, bills, "focus", "2026-05", name)
    commitment = ledger.filter(pl.col("bucket") == "commitment")
    assert set(commitment["owner"]) == {"finops"}
    assert commitment["BilledCost"].sum() == found["purchased_cost"].sum()
    assert commitment["EffectiveCost"].sum() == found["unused_effective_cost"].sum()
    assert found.height == 211
