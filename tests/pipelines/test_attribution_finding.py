"""Which way finds the model of a whole charge: deployment, tag, usage type, service, account."""

from decimal import Decimal
from pathlib import Path

import pytest
from attribution_builders import (
    attribute,
    charge,
    deployed,
    instant,
    models,
    plain,
    use,
    watched,
)

BEDROCK = {"x_ServiceCode": "AmazonBedrock", "ServiceName": "Amazon Bedrock"}
HALF = Decimal("0.5")
WAY = ("bucket", "model", "model_version", "component", "method", "evidence")


def test_a_tagged_charge_goes_to_the_tagged_version(tmp_path: Path) -> None:
    tags = '{"model":"M","model_version":"V1","phase":"training"}'
    ledger = attribute(tmp_path, [plain("a", Tags=tags)], models("v1"))
    assert ledger.words("a", *WAY) == {("model_version", "m", "v1", "training", "direct", "tag")}


def test_a_deployment_beats_a_stale_tag(tmp_path: Path) -> None:
    tags = '{"model":"m","model_version":"v1"}'
    catalogue = models("v1", "v2") + deployed("v2")
    ledger = attribute(tmp_path, [charge("a", Tags=tags)], catalogue)
    assert ledger.words("a", *WAY) == {
        ("model_version", "m", "v2", "inference", "direct", "deployment")
    }


def test_a_tag_for_a_model_the_catalogue_lacks_stays_as_it_was_named(tmp_path: Path) -> None:
    tags = '{"model":"Other-LM","model_version":"7"}'
    ledger = attribute(tmp_path, [plain("a", Tags=tags)], models("v1"))
    assert ledger.words("a", "bucket", "model", "model_version") == {
        ("model_version", "Other-LM", "7")
    }


def test_a_version_that_no_tag_names_is_not_guessed(tmp_path: Path) -> None:
    ledger = attribute(tmp_path, [plain("a", Tags='{"model":"m"}')], models("v1"))
    assert ledger.words("a", "bucket", "model", "model_version") == {("model", "m", "")}


def test_tags_that_are_not_json_say_nothing(tmp_path: Path) -> None:
    ledger = attribute(tmp_path, [plain("a", Tags="model=m")], models("v1"))
    assert ledger.of("a", "bucket") == {("not_ai",): 1}


def test_the_first_tag_key_of_the_settings_that_a_line_has_wins(tmp_path: Path) -> None:
    ledger = attribute(
        tmp_path,
        [
            plain("a", Tags='{"user:llm":"m","model":"x"}'),
            plain("b", Tags='{"user:llm":"","model":"x"}'),
        ],
        models("v1"),
        tags='[tags]\nmodel = ["user:llm", "model"]',
    )
    assert ledger.words("a", "model") == {("m",)}
    assert ledger.words("b", "model") == {("x",)}


def test_a_component_tag_alone_is_evidence_of_ai_but_of_no_model(tmp_path: Path) -> None:
    ledger = attribute(tmp_path, [plain("a", Tags='{"phase":"training"}')])
    assert ledger.words("a", "bucket", "evidence") == {("unattributed", "component tag")}


def test_a_charge_without_any_evidence_is_not_ai(tmp_path: Path) -> None:
    ledger = attribute(tmp_path, [plain("a")], models("v1"))
    assert ledger.words("a", *WAY) == {("not_ai", "", "", "", "direct", "")}


def test_an_accelerator_that_nobody_names_is_unattributed(tmp_path: Path) -> None:
    ledger = attribute(tmp_path, [charge("a")])
    assert ledger.words("a", "bucket", "rule_id") == {("unattributed", "aws-accelerator")}


def test_every_charge_of_an_ai_account_is_ai_even_when_the_account_is_listed_twice(
    tmp_path: Path,
) -> None:
    ledger = attribute(
        tmp_path,
        [plain("a", SubAccountId="ml"), plain("b")],
        policy='ai_accounts = ["ml", "ml"]',
    )
    assert ledger.words("a", "bucket", "evidence") == {("unattributed", "AI account")}
    assert ledger.of("b", "bucket") == {("not_ai",): 1}


def test_a_resource_outside_its_deployments_dates_is_unattributed(tmp_path: Path) -> None:
    volume = {
        "x_UsageType": "USE1-DataTransfer-Out-Bytes",
        "ResourceId": "lb-1",
        "ConsumedUnit": "GB",
    }
    catalogue = models("v1") + deployed("v1", 10, resource="lb-1")
    ledger = attribute(tmp_path, [charge("a", **volume), charge("b", hour=10, **volume)], catalogue)
    assert ledger.words("a", "bucket", "evidence") == {
        ("unattributed", "resource without a deployment at the time")
    }
    assert ledger.words("b", "bucket", "model_version", "element") == {
        ("model_version", "v1", "bandwidth")
    }


@pytest.mark.parametrize(
    ("usage_type", "model"),
    [
        ("USE1-Claude4.6Sonnet-input-tokens", "Claude4.6Sonnet"),
        ("USE1-Claude4.6Sonnet-output-tokens-batch", "Claude4.6Sonnet"),
        ("USE1-Claude4.6Opus-input-tokens-cross-region-global", "Claude4.6Opus"),
        ("USW2-Claude4.6Opus-cache-read-input-token-count-cross-region-global", "Claude4.6Opus"),
        ("USW2-Claude4.6Sonnet-cache-write-input-token-count", "Claude4.6Sonnet"),
        (
            "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-global-standard",
            "anthropic.claude-opus-4-8",
        ),
        ("USE1-qwen.qwen3-32b-mantle-input-tokens-standard", "qwen.qwen3-32b"),
        ("USE1-Llama4-Maverick-17B-input-tokens-batch", "Llama4-Maverick-17B"),
        ("USE1-NovaPro-cache-write-input-token-count-custom-model", "NovaPro"),
        ("USE1-Nova2.0Pro-input-image-token-count-cross-region-global", "Nova2.0Pro"),
        ("USE1-Qwen3-32B-ProvisionedThroughput-NoCommit-ModelUnits", "Qwen3-32B"),
        ("EU-Claude3Haiku-output-tokens", "Claude3Haiku"),
        ("USE1-output-tokens-cross-region-global", ""),
        ("USE1-Guardrail-ContentPolicyUnitsConsumed", ""),
    ],
)
def test_a_bedrock_usage_type_names_its_model(tmp_path: Path, usage_type: str, model: str) -> None:
    ledger = attribute(tmp_path, [plain("a", **BEDROCK, x_UsageType=usage_type)])
    bucket = "model" if model else "unattributed"
    assert ledger.words("a", "bucket", "model", "element") == {(bucket, model, "managed_api")}


def test_the_catalogue_says_which_version_a_usage_type_is(tmp_path: Path) -> None:
    catalogue = (
        '[[models]]\nname = "chat"\n[[models.versions]]\nversion = "sonnet-4-6"\n'
        'usage_types = ["claude4.6sonnet"]\n'
    )
    line = plain("a", **BEDROCK, x_UsageType="USE1-Claude4.6Sonnet-cache-read-input-token-count")
    ledger = attribute(tmp_path, [line], catalogue)
    assert ledger.words("a", *WAY) == {
        ("model_version", "chat", "sonnet-4-6", "inference", "direct", "usage type")
    }


def test_a_marketplace_models_name_is_its_products(tmp_path: Path) -> None:
    sold = {
        "x_ServiceCode": "3zh1cq4gp8abc",
        "ServiceName": "Claude Haiku 4.5 (Amazon Bedrock Edition)",
    }
    lines = [
        plain("a", **sold, x_UsageType="USE1-MP:USE1_InputTokenCount-Units"),
        plain("b", **sold, x_UsageType="USE1-MP:USE1_output_tokens_global_standard-Units"),
        plain("c", x_ServiceCode="3zh", x_UsageType="USE1-MP:USE1_InputTokenCount-Units"),
    ]
    ledger = attribute(tmp_path, lines)
    named = {("model", "Claude Haiku 4.5", "marketplace")}
    assert ledger.words("a", "bucket", "model", "element") == named
    assert ledger.words("b", "bucket", "model", "element") == named
    assert ledger.words("c", "bucket", "model", "element") == {("unattributed", "", "marketplace")}


def test_a_service_that_serves_one_model_alone_is_that_models(tmp_path: Path) -> None:
    catalogue = '[[models]]\nname = "vision"\nservices = ["amazonrekognition"]\n'
    lines = [plain("a", x_ServiceCode="AmazonRekognition"), plain("b", x_ServiceCode="AmazonPolly")]
    ledger = attribute(tmp_path, lines, catalogue)
    assert ledger.words("a", *WAY) == {("model", "vision", "", "inference", "direct", "service")}
    assert ledger.of("b", "bucket") == {("unattributed",): 1}


def test_a_users_rule_is_tried_before_the_defaults(tmp_path: Path) -> None:
    own = '[[rules]]\nid = "sns-is-ours"\nservice = "AmazonSNS"\nbucket = "overhead"\n'
    ledger = attribute(tmp_path, [plain("a")], rules=own)
    assert ledger.words("a", "bucket", "rule_id") == {("overhead", "sns-is-ours")}


ARN = "arn:aws:sagemaker:us-east-1:1:endpoint/Rank"


@pytest.mark.parametrize("in_catalogue", [ARN, "endpoint/rank", "rank"])
@pytest.mark.parametrize("in_log", [ARN, "Rank", "endpoint/rank"])
def test_bill_catalogue_and_log_may_spell_an_endpoint_differently(
    tmp_path: Path, in_catalogue: str, in_log: str
) -> None:
    catalogue = models("v1", "v2") + "".join(
        deployed(version, resource=in_catalogue) for version in ("v1", "v2")
    )
    ledger = attribute(
        tmp_path,
        [charge("a", "4", ResourceId=ARN, x_InstanceType=None)],
        catalogue,
        usage=[use("v1", gpu=900, resource_id=in_log)],
        coverage=[watched(resource=in_log)],
    )
    assert ledger.of("a") == {("model_version", "v1", "inference"): 1, ("idle", "", ""): 3}


def test_a_deployments_name_is_no_training_job_and_a_runs_name_no_endpoint(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1", resource="rank")
    catalogue += '[[runs]]\nid = "r"\nmodel = "m"\nversion = "v2"\nresources = ["tune"]\n'
    sagemaker = {"x_ServiceCode": "AmazonSageMaker", "x_UsageType": "USE1-Host:ml.g5.xlarge"}
    names = {
        "job-tune": "training-job/tune",
        "end-tune": "endpoint/tune",
        "job-rank": "training-job/rank",
        "end-rank": "endpoint/rank",
    }
    lines = [
        charge(name, **sagemaker, ResourceId=f"arn:aws:sagemaker:us-east-1:1:{resource}")
        for name, resource in names.items()
    ]
    ledger = attribute(tmp_path, lines, catalogue)
    assert ledger.words("job-tune", "model_version", "component") == {("v2", "training")}
    assert ledger.words("end-rank", "model_version", "component") == {("v1", "inference")}
    assert ledger.of("end-tune", "bucket") == {("unattributed",): 1}
    assert ledger.of("job-rank", "bucket") == {("unattributed",): 1}


def test_owners_change_in_the_middle_of_the_month(tmp_path: Path) -> None:
    catalogue = models("v1").replace(
        "[[models.versions]]",
        f'[[models.owners]]\nowner = "old"\ncost_centre = "1"\nuntil = {instant(10)}\n'
        f'[[models.owners]]\nowner = "new"\ncost_centre = "2"\nfrom = {instant(10)}\n'
        "[[models.versions]]",
    ) + deployed("v1")
    ledger = attribute(
        tmp_path,
        [charge("a", hour=9), charge("b", hour=10), charge("c", hour=9, until=11)],
        catalogue,
    )
    assert ledger.words("a", "owner", "cost_centre") == {("old", "1")}
    assert ledger.words("b", "owner", "cost_centre") == {("new", "2")}
    assert ledger.words("c", "owner") == {("old",)}, "a charge counts when it starts"


def test_logs_that_name_an_unknown_model_are_reported(tmp_path: Path) -> None:
    catalogue = models("v1") + deployed("v1")
    ledger = attribute(
        tmp_path,
        [charge("a", "3")],
        catalogue,
        usage=[use("v1", gpu=1200), use("x", model="ghost", gpu=1200, requests=7)],
    )
    assert ledger.of("a") == {
        ("model_version", "v1", "inference"): 1,
        ("unattributed", "", ""): 1,
        ("idle", "", ""): 1,
    }
    assert ledger.warnings == [
        "log names 'ghost x', which the catalogue does not know: 7 requests, "
        "their share is unattributed"
    ]


def test_machines_of_an_unknown_kind_are_reported_and_count_as_one_accelerator(
    tmp_path: Path,
) -> None:
    line = charge("a", x_UsageType="USE1-BoxUsage:p9.96xlarge", x_InstanceType="p9.96xlarge")
    ledger = attribute(tmp_path, [line], models("v1") + deployed("v1"), usage=[use("v1", gpu=1800)])
    assert ledger.of("a", "bucket") == {("model_version",): HALF, ("idle",): HALF}
    assert ledger.warnings[0].startswith("machine type p9.96xlarge: number of accelerators unknown")
