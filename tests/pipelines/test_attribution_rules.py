"""Rules as data: first match wins, mistakes are named, the defaults know the common services."""

from decimal import Decimal

import pytest

from pipelines.attribution.accelerators import accelerators, instance_type, is_listed
from pipelines.attribution.meanings import first_match
from pipelines.attribution.rules import PATTERNS, Rules, load_rules, parse_rules
from pipelines.errors import SettingsInvalid

SAGEMAKER = {"service": "AmazonSageMaker"}
BEDROCK = {"service": "AmazonBedrock"}


def line(**fields: str) -> dict[str, str]:
    return dict.fromkeys(PATTERNS, "") | fields


def rule_of(rules: Rules | None = None, **fields: str) -> str:
    return first_match((rules or load_rules()).rules, line(**fields)).id


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[rules]]\nid = "a"\nservice = "("\n', "rules.0.service: not a regular expression"),
        ('[[rules]]\nid = "a"\n[[rules]]\nid = "a"\n', "rule ids occur twice: a"),
        ('[[rules]]\nid = "Big One"\n', "rules.0.id: String should match pattern"),
        ('[[rules]]\nid = "a"\nmodel_text = "x"\n', "model_text needs a group"),
        ('[[rules]]\nid = "a"\nbucket = "idle"\n', "rules.0.bucket"),
        ('[[rules]]\nid = "a"\nservce = "x"\n', "rules.0.servce: Extra inputs are not permitted"),
        ("[[rules]\n", "not TOML"),
    ],
)
def test_a_mistake_in_the_rules_is_named(text: str, problem: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        parse_rules(text, "rules.toml")
    assert problem in str(refused.value)


def test_a_users_rules_come_first_and_take_the_place_of_a_default_of_their_id() -> None:
    own = (
        '[[rules]]\nid = "mine"\nservice = "AmazonSNS"\n[[rules]]\nid = "tax"\ncategory = "Toll"\n'
    )
    rules = load_rules(own)
    assert [rule.id for rule in rules.rules[:2]] == ["mine", "tax"]
    assert len(rules.rules) == len(load_rules().rules) + 1
    assert rule_of(rules, service="amazonsns") == "mine"
    assert rule_of(rules, category="Tax") == "other", "the default of that id is gone"


def test_a_pattern_matches_the_whole_field_without_case() -> None:
    rules = load_rules('[[rules]]\nid = "mine"\nservice = "sns"\n')
    assert rule_of(rules, service="SNS") == "mine"
    assert rule_of(rules, service="SNS2") == "other"


def test_without_a_last_rule_for_everything_a_line_without_a_rule_is_an_error() -> None:
    with pytest.raises(LookupError, match="no rule matches"):
        first_match((), line())


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"category": "Tax", "line_item": "Tax"}, "tax"),
        ({"category": "Credit", "line_item": "Credit"}, "credit"),
        ({"line_item": "Refund", "category": "Usage"}, "aws-refund"),
        ({"service": "AWSSupportBusiness"}, "aws-support"),
        ({"line_item": "SavingsPlanNegation", "service": "AmazonEC2"}, "aws-commitment"),
        ({"line_item": "SavingsPlanRecurringFee"}, "aws-commitment"),
        ({"line_item": "RIFee"}, "aws-commitment"),
        ({"service": "ComputeSavingsPlans", "line_item": "Usage"}, "aws-commitment-service"),
        ({"line_item": "Fee", "usage_type": "USE1-HeavyUsage:g5.xlarge"}, "aws-reservation-fee"),
        ({"line_item": "EdpDiscount"}, "aws-discount"),
        ({"line_item": "PrivateRateDiscount"}, "aws-discount"),
        ({"line_item": "BundledDiscount"}, "aws-discount"),
        (
            {**BEDROCK, "usage_type": "USE1-DataTransfer-Out-Bytes"},
            "aws-bedrock-transfer",
        ),
        (
            {**BEDROCK, "usage_type": "USE1-Nova-ModelStorage"},
            "aws-bedrock-customisation",
        ),
        (
            {**SAGEMAKER, "usage_type": "USE1-Host:ml.g5.xlarge"},
            "aws-sagemaker-hosting",
        ),
        (
            {**SAGEMAKER, "usage_type": "USE1-Train:ml.p5.48xlarge"},
            "aws-sagemaker-training",
        ),
        (
            {**SAGEMAKER, "usage_type": "USE1-Host:VolumeUsage.gp3"},
            "aws-sagemaker-volume",
        ),
        (
            {**SAGEMAKER, "usage_type": "USE1-Host:Data-Bytes-Out"},
            "aws-sagemaker-transfer",
        ),
        (
            {**SAGEMAKER, "usage_type": "Studio:KernelGateway-ml.t3.medium"},
            "aws-sagemaker",
        ),
        ({"service": "AmazonEC2", "usage_type": "USE1-BoxUsage:p5.48xlarge"}, "aws-accelerator"),
        ({"service": "AmazonEC2", "usage_type": "USE1-BoxUsage:g6e.xlarge"}, "aws-accelerator"),
        ({"service": "AmazonEC2", "usage_type": "SpotUsage:trn1.32xlarge"}, "aws-accelerator"),
        ({"service": "AmazonEC2", "usage_type": "USE1-BoxUsage:m5.large"}, "aws-machine"),
        ({"service": "AmazonEC2", "usage_type": "USE1-BoxUsage:g2.2xlarge"}, "aws-machine"),
        ({"service": "AmazonEC2", "usage_type": "USE1-EBS:VolumeUsage.gp3"}, "aws-block-storage"),
        ({"service": "AmazonEC2", "usage_type": "USE1-DataTransfer-Out-Bytes"}, "aws-transfer"),
        ({"service": "AmazonS3", "usage_type": "TimedStorage-ByteHrs"}, "aws-object-storage"),
        ({"service": "AmazonRekognition"}, "aws-ai-service"),
        ({"service": "AmazonDynamoDB"}, "other"),
    ],
)
def test_the_defaults_know_the_common_lines(fields: dict[str, str], rule: str) -> None:
    assert rule_of(**fields) == rule


@pytest.mark.parametrize(
    ("text", "kind", "count"),
    [
        ("USE1-Host:ml.g5.12xlarge", "g5.12xlarge", 4),
        ("ml.p5.48xlarge", "p5.48xlarge", 8),
        ("BoxUsage:p6-b200.48xlarge", "p6-b200.48xlarge", 8),
        ("g5.xlarge", "g5.xlarge", 1),
        ("USE1-DataTransfer-Out-Bytes", "", 1),
        ("g6f.2xlarge", "g6f.2xlarge", Decimal("0.25")),
        ("Standard_ND96isr_H100_v5", "nd96isr_h100_v5", 8),
        ("NC48ads A100 v4 Spot", "nc48ads_a100_v4", 2),
        ("NV6ads A10 v5", "nv6ads_a10_v5", Decimal("0.167")),
        ("D2 v2/DS2 v2", "", 1),
        ("a2-highgpu-2g", "a2-highgpu-2g", 2),
        ("a3-megagpu-8g", "a3-megagpu-8g", 8),
        ("g2-standard-48", "g2-standard-48", 4),
        ("ct5lp-hightpu-4t", "ct5lp-hightpu-4t", 4),
        ("n1-standard-8", "", 1),
        ("ecs.gn7i-c32g1.32xlarge", "gn7i-c32g1.32xlarge", 4),
        ("ecs.gn8is-4x.16xlarge", "gn8is-4x.16xlarge", 4),
        ("ecs.ebmgn7e.32xlarge", "ebmgn7e.32xlarge", 8),
        ("ecs.g7.large", "", 1),
        ("BM.GPU.A100-v2.8", "bm.gpu.a100-v2.8", 8),
        ("", "", 1),
    ],
)
def test_a_machines_accelerators_are_read_off_its_type(
    text: str, kind: str, count: Decimal | int
) -> None:
    assert (instance_type(text), accelerators(text)) == (kind, count)


def test_a_type_that_nobody_listed_is_not_taken_for_listed() -> None:
    assert is_listed("p5.48xlarge")
    assert is_listed("a4-highgpu-8g")
    assert not is_listed("p9.48xlarge")
