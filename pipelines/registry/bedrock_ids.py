"""Amazon Bedrock's longer names of a model: its plain id is at their end.

Logs keep what was called: the model, a system-defined profile that routes between regions, or the
ARN of either. `us.anthropic.claude-sonnet-4-v1:0` is `anthropic.claude-sonnet-4-v1:0` at another
place; the catalogue need not list every spelling. An ARN of the user's own (application profile,
provisioned, custom or imported model) names no model: deployments do that.
"""

import re
from typing import Final

_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)/(.+)", re.IGNORECASE
)
# Only those Bedrock has: `xai.` is a maker of models and no part of the world.
_ROUTE: Final = re.compile(r"(?:us|us-gov|eu|apac|jp|au|ca|global)\.(.+\..+)", re.IGNORECASE)


def plain_ids(name: str) -> list[str]:
    """What else the model of that name may be called, from the longest to the plain id.

    `arn:aws:bedrock:eu-west-1:1:inference-profile/eu.meta.llama4-v1:0` -> `eu.meta.llama4-v1:0`,
    `meta.llama4-v1:0`.
    """
    found: list[str] = []
    for pattern in (_ARN, _ROUTE):
        if match := pattern.fullmatch(found[-1] if found else name):
            found.append(match[1])
    return found
