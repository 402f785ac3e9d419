"""What a bill's line counts: by the real spellings of the providers' usage types and meters."""

from decimal import Decimal

import pytest

from pipelines.usage.classes import BilledText, counted
from pipelines.usage.providers import provider_word

READ, WRITE = "input_tokens_cache_read", "input_tokens_cache_write"
INPUT, OUTPUT = "input_tokens", "output_tokens"
MILLION = Decimal(1_000_000)


@pytest.mark.parametrize(
    ("provider", "text", "unit", "unit_class", "factor"),
    [
        ("AWS", "USE1-Claude4.6Sonnet-input-tokens", "1K tokens", INPUT, 1000),
        ("AWS", "USE1-Claude4.6Sonnet-cache-read-input-token-count", "1K tokens", READ, 1000),
        ("AWS", "USE1-Claude4.6Sonnet-cache-write-input-token-count", "1K tokens", WRITE, 1000),
        ("AWS", "USE1-Qwen3-32B-mantle-output-tokens-flex", "1M tokens", OUTPUT, MILLION),
        ("AWS", "USE1-TitanEmbeddingsV2-Text-input-tokens", "1K tokens", INPUT, 1000),
        ("AWS", "USE1-NovaCanvas-T2I-1024-Standard", "image", "images", 1),
        ("AWS", "USE1-Claude3Sonnet-Customization-Training", "1K tokens", "other", 1000),
        ("AWS", "USE1-Host:ml.g5.2xlarge", "Hrs", "instance_hours", 3600),
        ("AWS", "USE1-DataTransfer-Out-Bytes", "GB", "gigabytes", 1),
        ("AWS", "TimedStorage-ByteHrs", "GB-Mo", "gigabytes", 1),
        ("Microsoft", "gpt-4o-0806-Inp-glbl Tokens", "Units", INPUT, 1),
        ("Microsoft", "gpt 4o 1120 cached Inp regnl Tokens", "Units", READ, 1),
        ("Microsoft", "gpt-5-codex-ccchd-inp-glbl Tokens", "Units", READ, 1),
        ("Microsoft", "5.6 sol ShortCo Cd Wr Std Gl 1M Tokens", "1M", WRITE, MILLION),
        ("Microsoft", "K2.5 Thinking Outp DZ Tokens", "", OUTPUT, 1),
        ("Microsoft", "text-embedding-3-large-glbl Tokens", "Units", INPUT, 1),
        ("Microsoft", "Provisioned Managed Global Unit", "1 Hour", "instance_hours", 3600),
        ("Google Cloud", "Gemini 2.5 Flash GA Text Input - Predictions", "count", INPUT, 1),
        ("Google Cloud", "Gemini 2.5 Pro Thinking Text Output - Predictions", "count", OUTPUT, 1),
        ("Google Cloud", "Gemini 2.0 Flash Text Input Caching", "count", READ, 1),
        ("Google Cloud", "Gemini 3 Flash Text Input Caching Storage", "count", "other", 1),
        ("OpenAI", "gpt-4o-2024-08-06, cached input", "tokens", READ, 1),
        ("OpenAI", "gpt-4o-2024-08-06, output", "tokens", OUTPUT, 1),
        ("Solora AI", "Cache Write Input Tokens", "1000000 Tokens", WRITE, MILLION),
        ("Any", "Model calls", "1K requests", "requests", 1000),
        ("Any", "GPU time", "seconds", "instance_hours", 1),
        ("Any", "Weights", "GiB", "gigabytes", Decimal("1.073741824")),
    ],
)
def test_a_line_counts_what_its_text_and_unit_say(provider, text, unit, unit_class, factor):
    found = counted(BilledText(provider=provider, usage_type=text, unit=unit))
    assert (found.unit_class, found.factor) == (unit_class, factor)


@pytest.mark.parametrize(
    ("amount", "unit_class"),
    [("input_token", INPUT), ("cached_token", READ), ("output_token", OUTPUT)],
)
def test_model_studio_tells_the_kind_in_its_instance_id(amount, unit_class):
    text = BilledText("Alibaba Cloud", usage_type="qwen-max", amount=amount, unit="1K tokens")
    assert counted(text).unit_class == unit_class


def test_the_keys_of_focus_come_before_any_text():
    text = BilledText("AWS", usage_type="x-output-tokens", direction="Input", cache="Read")
    assert counted(text).unit_class == READ


@pytest.mark.parametrize(
    "text",
    [
        "USE1-Claude3Sonnet-output-tokens-batch",
        "gpt 4o mini0718 BatchOutp DataZone Tokens",
    ],
)
def test_batch_is_told_apart(text):
    provider = "AWS" if "USE1" in text else "Microsoft"
    found = counted(BilledText(provider=provider, usage_type=text, unit="1K tokens"))
    assert (found.unit_class, found.is_batch) == (OUTPUT, True)


def test_a_marketplaces_units_are_as_large_as_its_description_says_and_never_guessed():
    line = BilledText("AWS", usage_type="USE1-MP:USE1_InputTokenCount-Units", unit="Units")
    assert counted(line).unit == "units"
    for words, factor in (("Million Input Tokens", MILLION), ("1K input tokens", 1000)):
        described = BilledText(line.provider, line.usage_type, description=words, unit="Units")
        assert (counted(described).unit, counted(described).factor) == ("tokens", factor)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Amazon Web Services, Inc.", "aws"),
        ("aws.bedrock", "aws"),
        ("azure_openai", "azure"),
        ("Microsoft", "azure"),
        ("vertex_ai", "gcp"),
        ("dashscope", "alibaba"),
        ("OpenAI", "openai"),
        ("RunPod", "runpod"),
        ("", ""),
    ],
)
def test_a_provider_is_one_word_however_it_is_spelled(name, word):
    assert provider_word(name) == word
