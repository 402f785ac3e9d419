"""The files of `sql/attribution` that read what a bill itself says of the model, one by one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from attribution_builders import GPU, at, charge
from sql_tables import COUNT, INSTANT, TEXT, charge_meanings, select, table

from pipelines.contracts import CHARGES, SPLIT_SHARES

FAR = datetime(9999, 1, 1)
CLAIM = {
    "caller": TEXT,
    "rank": COUNT,
    "model": TEXT,
    "model_version": TEXT,
    "valid_from": INSTANT,
    "valid_until": INSTANT,
}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def bill(con: duckdb.DuckDBPyConnection, *charges: dict[str, Any]) -> None:
    table(con, "charges", CHARGES.columns, *charges)


def claim(caller: str, model: str = "m", version: str = "v1", **more: Any) -> dict[str, Any]:
    """What the catalogue says of a caller, always unless changed."""
    always = {"rank": 0, "valid_from": at(-999), "valid_until": FAR}
    return {"caller": caller, "model": model, "model_version": version, **always, **more}


def test_price_details_are_read_once_each_and_only_where_they_name_a_model(
    con: duckdb.DuckDBPyConnection,
) -> None:
    full = '{"ModelDeveloper":"D","ModelFamily":"F","ModelId":"i","ModelVersion":"5"}'
    details = [full, full, '{"x_ModelId":"x"}', '{"ModelFamily":"f"}', '{"ModelVersion":"7"}']
    details += ["Model", '{"InstanceType":"m5"}']
    bill(
        con, *(charge(str(n), SkuPriceDetails=text) for n, text in enumerate(details)), charge("n")
    )
    columns = ["developer", "family", "model_id", "model_version"]
    assert select(con, "attribution/price_keys", columns) == [
        ("", "", "x", ""),
        ("", "f", "", ""),
        ("D", "F", "i", "5"),
    ]


def test_a_charge_means_what_its_kind_of_line_and_its_keys_mean(
    con: duckdb.DuckDBPyConnection,
) -> None:
    plan = {"CommitmentDiscountId": "p", "CommitmentDiscountType": None}
    bill(
        con,
        charge("a", SkuPriceDetails="D"),
        charge("b", x_UsageType=None, SkuMeter="Input Tokens", **plan),
        charge("c", AllocatedResourceId="pod/1"),
        charge("d", AllocatedResourceId="", x_ServiceCode=None, ServiceName=None),
    )
    named = {"price_details": "D", "model": "m", "model_version": "v1", "is_known": True}
    charge_meanings(con, {"Input Tokens": {"rule_id": "tokens"}}, [named])
    found = con.execute(
        "SELECT x_ChargeId, resource_id, rule_id, key_model, is_key_known FROM charge_meanings"
    ).fetchall()
    assert sorted(found) == [
        ("a", GPU, "r", "m", True),
        ("b", GPU, "tokens", None, None),
        ("c", "pod/1", "r", None, None),
        ("d", GPU, "r", None, None),
    ]
    kinds = select(con, "attribution/signatures", ["usage_type", "commitment_type"])
    assert ("Input Tokens", "Commitment") in kinds
    ids = select(con, "attribution/charge_meanings", ["x_ChargeId"])
    assert ids == [("a",), ("b",), ("c",), ("d",)]


def test_callers_are_principals_and_credentials(con: duckdb.DuckDBPyConnection) -> None:
    bill(con, charge("a", x_PrincipalId="p"), charge("b", x_CredentialId="k", x_PrincipalId=""))
    assert select(con, "attribution/callers", ["caller"]) == [("k",), ("p",)]


def targets(con: duckdb.DuckDBPyConnection, *claims: dict[str, Any]) -> list[tuple[Any, ...]]:
    table(con, "principal_links", CLAIM, *claims)
    columns = ["bucket", "model", "model_version", "method", "evidence"]
    return select(con, "attribution/caller_targets", columns)


def test_the_best_claim_in_force_says_whose_caller_it_is(con: duckdb.DuckDBPyConnection) -> None:
    bill(con, charge("a", x_PrincipalId="p", x_CredentialId="k", hour=5), charge("b", hour=5))
    direct = ("model_version", "m", "v1", "direct")
    assert targets(con, claim("p")) == [(*direct, "principal")]
    assert targets(con, claim("k")) == [(*direct, "credential")]
    assert targets(con, claim("p"), claim("k", "n", rank=9)) == [(*direct, "principal")]
    assert targets(con, claim("p", valid_until=at(5))) == []
    assert targets(con, claim("p", valid_from=at(6))) == []
    assert targets(con, claim("other")) == []


def test_claims_that_do_not_agree_are_not_told_apart(con: duckdb.DuckDBPyConnection) -> None:
    bill(con, charge("a", x_PrincipalId="p"))
    two = targets(con, claim("p"), claim("p", version="v2"))
    assert two == [("model", "m", "", "not_measured", "principal")]
    models = targets(con, claim("p"), claim("p", "n"))
    assert models == [("shared_pool", "", "", "not_measured", "principal")]
    assert targets(con, claim("p", version="")) == [("model", "m", "", "direct", "principal")]


def test_a_charge_of_no_length_still_has_a_caller(con: duckdb.DuckDBPyConnection) -> None:
    bill(con, charge("a", x_PrincipalId="p", hour=5, until=5))
    assert targets(con, claim("p", valid_from=at(5), valid_until=at(6)))


def test_the_tags_of_a_part_come_before_those_of_the_whole(con: duckdb.DuckDBPyConnection) -> None:
    whole = '{"model":"m","version":"1"}'
    bill(
        con,
        charge("whole", Tags=whole),
        charge("finer", Tags=whole, AllocatedTags='{"version":"2"}'),
        charge("own", Tags=whole, AllocatedTags='{"model":"n","phase":"Train"}'),
        charge("same", Tags=whole, AllocatedTags='{"model":"M"}'),
        charge("alone", AllocatedTags='{"model":"n"}'),
        charge("none", Tags="{}", AllocatedTags="{}"),
    )
    table(con, "split_shares", SPLIT_SHARES.columns)
    found = select(
        con,
        "attribution/tag_sets",
        ["allocated_tags", "tag_model", "tag_version", "tag_component"],
        model_paths=["$.model"],
        version_paths=["$.version"],
        component_paths=["$.phase"],
    )
    assert found == [
        ("", "m", "1", ""),
        ('{"model":"M"}', "M", "1", ""),
        ('{"model":"n","phase":"Train"}', "n", "", "train"),
        ('{"model":"n"}', "n", "", ""),
        ('{"version":"2"}', "m", "2", ""),
    ]
