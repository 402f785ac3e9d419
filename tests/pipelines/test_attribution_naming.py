"""Which way finds the model that a bill names itself: by model keys, by who called, by parts."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attribution_builders import attribute, charge, deployed, instant, models, plain, use, watched

WAY = ("bucket", "model", "model_version", "method", "evidence")
V1 = '{"model":"m","model_version":"v1"}'
ROLE = "arn:aws:sts::1:assumed-role/search-rank/i-0abc"


def details(**keys: str) -> str:
    """The price details of a charge."""
    return "{" + ", ".join(f'"{key}": "{value}"' for key, value in keys.items()) + "}"


def tokens(charge_id: str, keys: str, **changed: Any) -> dict[str, Any]:
    """A charge for tokens of the model that its price details name."""
    return plain(
        charge_id, SkuPriceDetails=keys, ServiceCategory="AI and Machine Learning", **changed
    )


CATALOGUE = (
    '[[models]]\nname = "Solora Atlas"\n'
    '[[models.versions]]\nversion = "solora-atlas-5.5"\n'
    '[[models.versions]]\nversion = "5.4"\naliases = ["solora/solora-atlas-5.4-mini"]\n'
)


@pytest.mark.parametrize(
    ("keys", "bucket", "model", "version"),
    [
        (
            details(ModelFamily="Solora Atlas", ModelId="solora-atlas-5.5", ModelVersion="5.5"),
            "model_version",
            "Solora Atlas",
            "solora-atlas-5.5",
        ),
        (details(x_ModelFamily="solora atlas", x_ModelId="SOLORA-ATLAS-5.5"), "model_version",
         "Solora Atlas", "solora-atlas-5.5"),
        (details(ModelDeveloper="Solora", ModelId="solora-atlas-5.4-mini"), "model_version",
         "Solora Atlas", "5.4"),
        (details(ModelId="Solora Atlas", ModelVersion="5.4"), "model_version",
         "Solora Atlas", "5.4"),
        (details(ModelId="Solora Atlas"), "model", "Solora Atlas", ""),
        (details(ModelId="other-1", ModelVersion="2"), "model_version", "other-1", "2"),
        (details(ModelFamily="Other"), "model", "Other", ""),
        (details(ModelFamily="Solora Atlas", ModelId="new", ModelVersion="9"), "model_version",
         "Solora Atlas", "new"),
        (details(ModelId="Solora Atlas", ModelVersion="9"), "model_version", "Solora Atlas", "9"),
    ],
)  # fmt: skip
def test_the_models_a_bill_names_are_the_catalogues_or_stay_as_named(
    tmp_path: Path, keys: str, bucket: str, model: str, version: str
) -> None:
    ledger = attribute(tmp_path, [tokens("a", keys)], CATALOGUE)
    assert ledger.words("a", *WAY) == {(bucket, model, version, "direct", "model keys")}


@pytest.mark.parametrize("keys", ["no json", "{}", '{"CoreCount": 4}', '{"ModelId": null}'])
def test_price_details_without_a_model_name_none(tmp_path: Path, keys: str) -> None:
    ledger = attribute(tmp_path, [tokens("a", keys)], CATALOGUE)
    assert ledger.words("a", "bucket", "rule_id") == {("unattributed", "focus-ai")}


def test_the_bills_own_name_beats_tags_and_another_models_deployment(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + models("w", model="other") + deployed("w", model="other")
    keys = details(ModelId="m", ModelVersion="v1")
    ledger = attribute(
        tmp_path,
        [charge("a", SkuPriceDetails=keys, Tags='{"model":"other","model_version":"w"}')],
        catalogue,
    )
    assert ledger.words("a", *WAY) == {("model_version", "m", "v1", "direct", "model keys")}


def test_a_deployment_of_the_named_model_tells_more_than_the_bill(tmp_path: Path) -> None:
    """Its idle time, and the version where the bill names the model alone."""
    catalogue = models("v1") + deployed("v1")
    lines = [
        charge("version", "10", SkuPriceDetails=details(ModelId="m", ModelVersion="v1")),
        charge("model", "10", hour=1, SkuPriceDetails=details(ModelId="m")),
    ]
    used = [use("v1", gpu=1800), use("v1", 1, gpu=3600)]
    ledger = attribute(tmp_path, lines, catalogue, usage=used, coverage=[watched()])
    assert ledger.of("version", "bucket", "model_version") == {
        ("idle", ""): 5,
        ("model_version", "v1"): 5,
    }
    assert ledger.of("model", "bucket", "model_version") == {("model_version", "v1"): 10}


def test_among_several_versions_on_a_resource_the_bill_says_which(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1") + deployed("v2")
    keys = details(ModelId="m", ModelVersion="v2")
    ledger = attribute(tmp_path, [charge("a", SkuPriceDetails=keys)], catalogue)
    assert ledger.words("a", *WAY) == {("model_version", "m", "v2", "direct", "model keys")}


def test_what_the_catalogue_knows_beats_a_name_it_does_not(tmp_path: Path) -> None:
    strange = details(ModelId="strange")
    tags = '{"model":"m","model_version":"v1"}'
    catalogue = models("v1") + 'principals = ["key-1"]\n' + deployed("v1")
    lines = [
        charge("resource", SkuPriceDetails=strange),
        tokens("tag", strange, Tags=tags),
        tokens("caller", strange, x_CredentialId="key-1"),
        tokens("nobody", strange, Tags='{"model":"odd"}'),
    ]
    ledger = attribute(tmp_path, lines, catalogue)
    assert ledger.words("resource", "model", "evidence") == {("m", "deployment")}
    assert ledger.words("tag", "model", "evidence") == {("m", "tag")}
    assert ledger.words("caller", "model", "evidence") == {("m", "credential")}
    assert ledger.words("nobody", "model", "evidence") == {("strange", "model keys")}


def called(charge_id: str, **changed: Any) -> dict[str, Any]:
    """A charge of a managed API that names who called it and no resource."""
    bedrock = {"x_ServiceCode": "AmazonBedrock", "ServiceName": "Amazon Bedrock"}
    return plain(charge_id, **{**bedrock, "x_PrincipalId": ROLE, **changed})


def api(version: str, caller: str, start: float | None = None, until: float | None = None) -> str:
    """A deployment known by who calls it."""
    return (
        f'[[deployments]]\nmodel = "m"\nversion = "{version}"\nprincipals = ["{caller}"]\n'
        + (f"from = {instant(start)}\n" if start is not None else "")
        + (f"until = {instant(until)}\n" if until is not None else "")
    )


def test_a_caller_is_known_whole_or_by_a_pattern(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + api("v1", "*assumed-role/search-*") + api("v2", "KEY-1")
    lines = [
        called("pattern"),
        called("whole", x_PrincipalId=None, x_CredentialId="key-1"),
        called("both", x_CredentialId="key-1"),
        called("unknown", x_PrincipalId="someone"),
    ]
    ledger = attribute(tmp_path, lines, catalogue)
    assert ledger.words("pattern", *WAY) == {("model_version", "m", "v1", "direct", "principal")}
    assert ledger.words("whole", *WAY) == {("model_version", "m", "v2", "direct", "credential")}
    assert ledger.words("both", "model_version") == {("v2",)}, "a whole id beats a pattern"
    assert ledger.words("unknown", "bucket") == {("unattributed",)}


def test_a_callers_deployment_is_dated_and_its_model_is_not(tmp_path: Path) -> None:
    catalogue = models("v1", "v2").replace(
        'name = "m"\n', 'name = "m"\nprincipals = ["*search*"]\n'
    )
    catalogue += api("v1", ROLE, 0, 5) + api("v2", ROLE, 5, 10)
    lines = [
        called("old"),
        called("new", hour=5),
        called("across", until=24),
        called("after", hour=10),
    ]
    ledger = attribute(tmp_path, lines, catalogue)
    versions = ("bucket", "model_version", "method")
    assert ledger.words("old", *versions) == {("model_version", "v1", "direct")}
    assert ledger.words("new", *versions) == {("model_version", "v2", "direct")}
    assert ledger.words("across", *versions) == {("model", "", "not_measured")}
    assert ledger.words("after", *versions) == {("model", "", "direct")}


def test_a_caller_of_several_models_shares(tmp_path: Path) -> None:
    one = 'principals = ["key-1"]\n'
    catalogue = models("v1") + one + models("w", model="other") + one
    ledger = attribute(tmp_path, [called("a", x_PrincipalId="key-1")], catalogue)
    assert ledger.words("a", *WAY) == {("shared_pool", "", "", "not_measured", "principal")}


def test_a_resource_and_a_tag_beat_the_caller_and_the_caller_the_usage_type(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1") + api("v2", ROLE)
    lines = [
        charge("resource", x_PrincipalId=ROLE),
        called("tag", Tags='{"model":"m","model_version":"v1"}'),
        called("text", x_UsageType="USE1-Nova-Lite-input-tokens"),
    ]
    ledger = attribute(tmp_path, lines, catalogue)
    assert ledger.words("resource", "model_version", "evidence") == {("v1", "deployment")}
    assert ledger.words("tag", "model_version", "evidence") == {("v1", "tag")}
    assert ledger.words("text", "model_version", "evidence") == {("v2", "principal")}


def test_parts_of_a_split_charge_go_by_their_own_resource_and_tags(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1") + deployed("v2", resource="pod/ranker")
    lines = [
        charge("pod", AllocatedResourceId="pod/ranker"),
        charge("other pod", AllocatedResourceId="pod/web", x_InstanceType="m5.large",
               x_UsageType="BoxUsage:m5.large"),
        charge("rest"),
        plain("tags", Tags='{"team":"a","model":"m"}', AllocatedTags='{"model_version":"v2"}'),
        plain("own model", Tags=V1, AllocatedTags='{"model":"n"}'),
        plain("odd", Tags=V1, AllocatedTags="no json"),
    ]  # fmt: skip
    ledger = attribute(tmp_path, lines, catalogue)
    assert ledger.words("pod", "model_version", "evidence") == {("v2", "deployment")}
    assert ledger.words("other pod", "bucket") == {("not_ai",)}
    assert ledger.words("rest", "model_version") == {("v1",)}
    assert ledger.words("tags", "model", "model_version") == {("m", "v2")}
    assert ledger.words("own model", "model", "model_version") == {("n", "")}
    assert ledger.words("odd", "model", "model_version") == {("m", "v1")}


NODE = "/subscriptions/11-22/resourceGroups/ML/providers/Microsoft.Compute/virtualMachines/GPU-1"
ENDPOINT = "//aiplatform.googleapis.com/projects/shop/locations/us-central1/endpoints/42"


@pytest.mark.parametrize(
    ("listed", "billed"),
    [
        (NODE, NODE.upper()),
        (NODE, NODE.replace("11-22", "33-44")),
        (NODE, NODE.removeprefix("/")),
        ("ml/Microsoft.Compute/virtualMachines/gpu-1", NODE),
        ("gpu-1", NODE),
        (ENDPOINT, ENDPOINT.replace("shop", "123456")),
        ("projects/shop/locations/us-central1/endpoints/42", ENDPOINT),
        ("42", ENDPOINT),
        ("//compute.googleapis.com/projects/p/zones/z/instances/gpu-1", "gpu-1"),
        ("i-bp1", "acs:ecs:cn-hangzhou:123:instance/i-bp1"),
        ("gs://weights", "//storage.googleapis.com/projects/_/buckets/weights"),
    ],
)
def test_every_providers_way_of_writing_a_resource_is_known(
    tmp_path: Path, listed: str, billed: str
) -> None:
    catalogue = models("v1") + deployed("v1", resource=listed)
    ledger = attribute(tmp_path, [charge("a", ResourceId=billed)], catalogue)
    assert ledger.words("a", "model_version", "evidence") == {("v1", "deployment")}


@pytest.mark.parametrize(
    ("listed", "billed"),
    [
        (NODE, NODE.replace("ML", "web")),
        ("ranker", "//aiplatform.googleapis.com/projects/p/locations/z/customJobs/ranker"),
    ],
)
def test_another_resource_of_the_same_name_is_not(tmp_path: Path, listed: str, billed: str) -> None:
    catalogue = models("v1") + deployed("v1", resource=listed)
    ledger = attribute(tmp_path, [charge("a", ResourceId=billed)], catalogue)
    assert ledger.words("a", "bucket") == {("unattributed",)}


@pytest.mark.parametrize(
    ("quantity", "unit"), [("1", "Hour"), ("1", "h"), ("3600", "s"), ("3600", "seconds"),
                           ("60", "Minutes"), ("1", "1 Hour"), ("1", "小时")],
)  # fmt: skip
def test_an_hour_is_an_hour_in_every_providers_unit(
    tmp_path: Path, quantity: str, unit: str
) -> None:
    line = charge("a", "10", ConsumedQuantity=Decimal(quantity), ConsumedUnit=unit)
    ledger = attribute(
        tmp_path,
        [line],
        models("v1") + deployed("v1"),
        usage=[use("v1", gpu=900)],
        coverage=[watched()],
    )
    assert ledger.of("a", "bucket") == {
        ("model_version",): Decimal("2.5"),
        ("idle",): Decimal("7.5"),
    }


def test_a_google_machines_capacity_is_its_accelerator_line(tmp_path: Path) -> None:
    machine = {"ServiceName": "Compute Engine", "x_ServiceCode": "6F81-5844-456A",
               "ServiceProviderName": "Google Cloud", "x_InstanceType": "a2-highgpu-2g",
               "ResourceId": "//compute.googleapis.com/projects/p/zones/z/instances/i"}  # fmt: skip
    lines = [
        charge("gpu", "8", **machine, x_UsageType="Nvidia Tesla A100 GPU running in Americas",
               ConsumedQuantity=Decimal(7200), ConsumedUnit="seconds"),
        charge("core", "4", **machine, x_UsageType="A2 Instance Core running in Americas",
               ConsumedQuantity=Decimal(24 * 3600), ConsumedUnit="seconds"),
        charge("ram", "2", **machine, x_UsageType="A2 Instance Ram running in Americas",
               ConsumedQuantity=Decimal(170 * 3600), ConsumedUnit="byte-seconds"),
    ]  # fmt: skip
    ledger = attribute(
        tmp_path,
        lines,
        models("v1") + deployed("v1", resource="i"),
        usage=[use("v1", resource_id="i", gpu=3600)],
        coverage=[watched()],
    )
    for name, half in (("gpu", 4), ("core", 2), ("ram", 1)):
        assert ledger.of(name, "bucket") == {("model_version",): half, ("idle",): half}
