"""One word per provider, however a bill, a gateway or a span spells it."""

import re
from typing import Final

_SPELLINGS: Final = (
    ("alibaba", r"ali(baba|yun|cloud)?.*|dashscope.*|bailian.*|qwen.*|阿里云.*"),
    ("aws", r"aws.*|amazon.*|bedrock.*|sagemaker.*"),
    ("azure", r"(az|azure|microsoft|foundry).*"),
    ("gcp", r"gcp.*|google.*|vertex.*|gemini.*"),
    ("openai", r"openai.*"),
    ("anthropic", r"anthropic.*"),
)


def provider_word(name: str) -> str:
    """`Amazon Web Services, Inc.` and `aws.bedrock` -> `aws`; an unlisted name in lower case."""
    lowered = name.strip().lower()
    for word, spelling in _SPELLINGS:
        if re.fullmatch(spelling, lowered):
            return word
    return lowered
