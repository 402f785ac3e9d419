"""What the default rules make of every provider's lines: real meter, SKU and product names."""

import re

import pytest

from pipelines.attribution.meanings import first_match
from pipelines.attribution.rules import DEFAULT_FILES, PATTERNS, Rule, load_rules

GOOGLE = {"provider": "Google Cloud", "service": "6F81-5844-456A", "category": "Usage"}
AZURE = {"provider": "Microsoft", "category": "Usage", "line_item": "Usage"}
ALIBABA = {"provider": "Alibaba Cloud", "category": "Usage"}
OWNED = {"provider": "Own", "service": "owned-hardware", "category": "Usage"}


def rule_of(**fields: str) -> Rule:
    return first_match(load_rules().rules, dict.fromkeys(PATTERNS, "") | fields)


def model_in(rule: Rule, text: str) -> str | None:
    """The model's name that a rule reads in a text."""

    found = re.match(rule.model_text or "()", text, re.IGNORECASE)
    return found[1] if found else None


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"category": "Tax"}, "tax"),
        ({"category": "Credit", "line_item": "PROMOTION"}, "credit"),
        ({"category": "Credit"}, "credit"),
        ({"line_item": "rounding_error"}, "rounding"),
        ({"line_item": "RoundingAdjustment", "category": "Adjustment"}, "rounding"),
        ({"category": "Adjustment"}, "adjustment"),
        ({"category": "Adjustment", "line_item": "EdpDiscount"}, "aws-discount"),
        ({"commitment_status": "Unused", "service": "Virtual Machines"}, "commitment-unused"),
        ({"category": "Purchase", "commitment_type": "Reservation"}, "commitment-purchase"),
        ({"category": "Purchase", "service_category": "AI and Machine Learning"}, "focus-ai"),
        ({"commitment_status": "Used", "service_category": "Compute"}, "focus-compute"),
        ({"service_category": "Networking"}, "focus-network"),
        ({"usage_type": "Compute - GPU - A100 - v2", "service": "COMPUTE"}, "focus-accelerator"),
        ({"instance_type": "BM.GPU.H100.8"}, "focus-accelerator-type"),
        ({"service_name": "GPU cloud", "provider": "RunPod"}, "focus-accelerator-service"),
        ({"provider": "OpenAI", "usage_type": "completions"}, "model-provider"),
        ({"usage_type": "Standard A1 vCPU"}, "other"),
        ({"service_category": "Storage"}, "focus-storage"),
        ({"service_category": "Databases"}, "other"),
        ({"service_name": "AWS Support (Business)"}, "aws-support-by-name"),
        ({"service_name": "AWS Supply Chain"}, "other"),
    ],
)
def test_what_focus_says_of_every_bill_is_enough(fields: dict[str, str], rule: str) -> None:
    assert rule_of(**fields).id == rule


@pytest.mark.parametrize(
    ("service", "sku", "rule"),
    [
        ("Compute Engine", "Nvidia Tesla A100 GPU running in Americas", "google-accelerator"),
        ("Compute Engine", "Nvidia L4 GPU attached to Spot VMs in Iowa", "google-accelerator"),
        ("Compute Engine", "A2 Instance Core running in Americas", "google-accelerator-machine"),
        ("Compute Engine", "G2 Instance Ram running in Americas", "google-accelerator-machine"),
        ("Compute Engine", "N1 Predefined Instance Core running in Americas", "google-machine"),
        ("Compute Engine", "Commitment v1: A2 Cpu in Americas for 1 Year", "google-commitment"),
        ("Compute Engine", "Commitment - dollar based v1: GCE for 1 year", "google-commitment"),
        ("Compute Engine", "Network Internet Egress from Americas to EMEA", "google-traffic"),
        ("Compute Engine", "SSD backed PD Capacity", "google-disk"),
        ("Cloud TPU", "Tpu-v3 accelerators in Americas", "google-tpu"),
        ("Cloud Storage", "Standard Storage US Multi-region", "google-storage"),
        ("Cloud Storage", "Download Worldwide Destinations", "google-traffic"),
        ("Networking", "Network Inter Zone Data Transfer Out", "google-transfer"),
        ("Cloud Vision API", "Label Detection Operations", "google-ai-service"),
        (
            "Vertex AI",
            "Vertex AI: Online/Batch Prediction Nvidia H100 80gb GPU running in Iowa",
            "google-prediction-accelerator",
        ),
        (
            "Vertex AI",
            "Vertex AI: Online/Batch Prediction A3 Predefined Instance Core running in Iowa",
            "google-prediction-machine",
        ),
        (
            "Vertex AI",
            "Vertex AI: Training/Pipelines Management fee on N1 Instance Core in Iowa",
            "google-training-machine",
        ),
        ("Vertex AI", "Vertex AI: Provisioned Throughput 1 month", "google-vertex"),
        ("Enhanced Support", "Enhanced Support Fixed Fee", "google-support"),
        ("BigQuery", "Analysis (us-east1)", "other"),
    ],
)
def test_google_services_go_by_their_name_and_sku(service: str, sku: str, rule: str) -> None:
    assert rule_of(**GOOGLE, service_name=service, usage_type=sku).id == rule


def test_a_google_line_of_a_machine_with_accelerators_is_known_by_the_machine() -> None:
    line = {"service_name": "Compute Engine", "usage_type": "Instance Core running in Americas"}
    assert rule_of(**GOOGLE, **line).id == "google-machine"
    found = rule_of(**GOOGLE, **line, instance_type="a2-highgpu-1g")
    assert (found.id, found.ai, found.counts) == ("google-accelerator-type", True, "nothing")


@pytest.mark.parametrize(
    ("sku", "model"),
    [
        ("Gemini 2.5 Flash GA Text Input - Predictions", "Gemini 2.5 Flash"),
        ("Gemini 3 Flash Text Input Caching Storage", "Gemini 3 Flash"),
        ("Gemini 2.0 Flash Lite Text Output - Predictions", "Gemini 2.0 Flash Lite"),
        ("Gemini 3.7 Flash Global Text Input - Predictions", "Gemini 3.7 Flash"),
    ],
)
def test_googles_skus_name_the_model(sku: str, model: str) -> None:
    found = rule_of(**GOOGLE, service_name="Vertex AI", usage_type=sku)
    assert (found.id, model_in(found, sku)) == ("google-gemini", model)


@pytest.mark.parametrize("service", ["Cognitive Services", "Azure OpenAI", "Foundry Models"])
@pytest.mark.parametrize(
    ("meter", "model"),
    [
        ("gpt-4o-0806-Inp-glbl Tokens", "gpt-4o-0806"),
        ("gpt 4o 1120 cached Inp regnl Tokens", "gpt 4o 1120"),
        ("gpt-4o-mini-0718-Batch-Inp-glbl Tokens", "gpt-4o-mini-0718"),
        ("gpt 4o mini0718 BatchOutp DataZone Tokens", "gpt 4o mini0718"),
        ("5.4 mini cd Inp Gl 1M Tokens", "5.4 mini"),
        ("gpt-5-codex-ccchd-inp-glbl Tokens", "gpt-5-codex"),
        ("text-embedding-3-large-glbl Tokens", "text-embedding-3-large"),
        ("K2.5 Thinking Outp DZ Tokens", "K2.5 Thinking"),
    ],
)
def test_azures_meters_name_the_model_in_all_their_spellings(
    service: str, meter: str, model: str
) -> None:
    found = rule_of(**AZURE, service=service, usage_type=meter)
    assert (found.id, model_in(found, meter)) == ("azure-model", model)


@pytest.mark.parametrize(
    ("service", "meter", "rule"),
    [
        ("Foundry Models", "Provisioned Managed Global Unit", "azure-provisioned"),
        ("Cognitive Services", "S1 Speech To Text", "azure-ai-service"),
        ("Virtual Machines", "NC24ads A100 v4", "azure-accelerator"),
        ("Virtual Machines", "ND96isr H100 v5 Spot", "azure-accelerator"),
        ("Virtual Machines", "D2 v2/DS2 v2", "azure-machine"),
        ("Azure Machine Learning", "vCPU Surcharge", "azure-machine-learning"),
        ("Storage", "P30 LRS Disk", "azure-storage"),
        ("Bandwidth", "Intra Continent Data Transfer Out", "azure-transfer"),
        ("SQL Database", "S0 DTUs - Free", "other"),
    ],
)
def test_azure_services_go_by_meter_category_and_name(service: str, meter: str, rule: str) -> None:
    assert rule_of(**AZURE, service=service, usage_type=meter).id == rule


@pytest.mark.parametrize("service", ["Storage", "Virtual Network", "Virtual Machines"])
def test_what_an_azure_workspace_uses_of_other_services_is_ai(service: str) -> None:
    line = {**AZURE, "service": service, "usage_type": "x"}
    assert not rule_of(**line, operation="Microsoft.Compute").ai
    assert rule_of(**line, operation="Microsoft.MachineLearningServices").ai


@pytest.mark.parametrize("kind", ["UnusedReservation", "UnusedSavingsPlan"])
def test_what_azure_calls_unused_is_the_commitments(kind: str) -> None:
    line = {**AZURE, "line_item": kind, "service": "Virtual Machines"}
    assert rule_of(**line).bucket == "commitment"


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"service": "sfm", "service_name": "大模型服务平台百炼"}, "alibaba-model"),
        ({"service_name": "Alibaba Cloud Model Studio"}, "alibaba-model"),
        ({"service": "learn", "usage_type": "EAS"}, "alibaba-pai-serving"),
        ({"service": "learn", "usage_type": "DLC"}, "alibaba-pai"),
        ({"service_name": "人工智能平台 PAI"}, "alibaba-pai-name"),
        ({"service": "ecs", "instance_type": "ecs.gn7i-c8g1.2xlarge"}, "alibaba-accelerator"),
        ({"service": "ecs", "instance_type": "ecs.ebmgn7e.32xlarge"}, "alibaba-accelerator"),
        ({"service": "ecs", "instance_type": "ecs.g7.large"}, "alibaba-machine"),
        ({"service": "ecs", "usage_type": "系统盘"}, "alibaba-disk"),
        ({"service": "oss", "usage_type": "NetworkOut"}, "alibaba-traffic"),
        ({"service": "oss", "usage_type": "Storage"}, "alibaba-storage"),
        ({"service": "cdn"}, "alibaba-transfer"),
        ({"service": "savingplan"}, "alibaba-commitment"),
        ({"service": "rds"}, "other"),
    ],
)
def test_alibabas_products_go_by_code_name_and_specification(
    fields: dict[str, str], rule: str
) -> None:
    assert rule_of(**ALIBABA, **fields).id == rule


@pytest.mark.parametrize(
    ("line_item", "element", "split"),
    [
        ("Hardware depreciation", "hardware", "capacity"),
        ("Lease", "hardware", "capacity"),
        ("Maintenance", "hardware", "capacity"),
        ("Energy", "energy", "capacity"),
        ("Labour", "labour", "use"),
        ("Licence", "software", "use"),
        ("Data", "software", "use"),
        ("Bandwidth", "bandwidth", "use"),
    ],
)
def test_own_costs_are_ai_and_of_their_element(line_item: str, element: str, split: str) -> None:
    found = rule_of(**OWNED, line_item=line_item)
    assert (found.element, found.split, found.ai) == (element, split, True)


def test_what_was_paid_at_once_for_own_machines_is_not_counted_with_their_days() -> None:
    assert rule_of(**{**OWNED, "category": "Purchase"}, line_item="Purchase").bucket == "commitment"


def test_only_the_last_rule_matches_everything() -> None:
    rules = load_rules().rules
    everything = [r.id for r in rules if not any(getattr(r, name) for name in PATTERNS)]
    assert everything == ["other"]
    assert rules[-1].id == "other"
    assert DEFAULT_FILES[0] == "any_bill"
