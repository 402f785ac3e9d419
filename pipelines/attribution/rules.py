"""Rules as data: what a line of a bill means. Parsing only; `sql/attribution` applies them.

The defaults are in `default_rules/` beside this file, one file per provider, read in the order of
`DEFAULT_FILES`; a user's own file is tried before them.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from pipelines.errors import SettingsInvalid
from pipelines.settings import Section, parse_toml, problems_of

Component = Literal["training", "inference", "storage", "update"]
Element = Literal[
    "hardware",
    "bandwidth",
    "managed_api",
    "software",
    "marketplace",
    "labour",
    "energy",
    "adjustment",
]

PATTERNS = (
    "provider",
    "service",
    "usage_type",
    "operation",
    "line_item",
    "category",
    "instance_type",
    "product_family",
    "service_name",
    "service_category",
    "commitment_status",
    "commitment_type",
)

DEFAULT_FILES = ("any_bill", "aws", "google", "azure", "alibaba", "openai", "owned", "focus")
"""What every bill has in common comes first, what only the service's category tells comes last."""


class Rule(Section):
    """One rule: patterns that a line must match, and what the line then means."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    provider: str | None = None
    service: str | None = None
    usage_type: str | None = None
    operation: str | None = None
    line_item: str | None = None
    category: str | None = None
    instance_type: str | None = None
    product_family: str | None = None
    service_name: str | None = None
    service_category: str | None = None
    commitment_status: str | None = None
    commitment_type: str | None = None

    bucket: Literal["overhead", "commitment", "not_ai"] | None = None
    follow: bool = False
    ai: bool = False
    component: Component = "inference"
    element: Element = "hardware"
    split: Literal["capacity", "use"] = "use"
    counts: Literal["machines", "accelerators", "nothing"] = "machines"
    model_text: str | None = None
    model_text_in: Literal["usage_type", "service_name"] = "usage_type"

    @field_validator(*PATTERNS, "model_text")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                message = f"not a regular expression: {error}"
                raise ValueError(message) from error
        return value

    @model_validator(mode="after")
    def _model_text_has_a_group(self) -> "Rule":
        if self.model_text is not None and re.compile(self.model_text).groups < 1:
            message = "model_text needs a group around the model's name"
            raise ValueError(message)
        return self


class Rules(Section):
    """All rules, in the order they are tried."""

    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Rules":
        ids = [rule.id for rule in self.rules]
        if doubled := sorted({name for name in ids if ids.count(name) > 1}):
            message = f"rule ids occur twice: {', '.join(doubled)}"
            raise ValueError(message)
        return self


def parse_rules(text: str, file: str) -> Rules:
    """The rules in the text of a TOML file.

    Raises:
        SettingsInvalid: names every wrong key, pattern and doubled id.
    """
    try:
        return Rules.model_validate(parse_toml(text, file))
    except ValidationError as error:
        raise SettingsInvalid(file, problems_of(error)) from error


def default_rules() -> Rules:
    """The rules that come with modelspend."""
    folder = Path(__file__).parent / "default_rules"
    found: list[Rule] = []
    for name in DEFAULT_FILES:
        file = f"{name}.toml"
        found += parse_rules((folder / file).read_text(encoding="utf-8"), file).rules
    return Rules(rules=tuple(found))


def load_rules(own_text: str | None = None, own_file: str = "rules.toml") -> Rules:
    """The user's rules, if any, followed by the defaults.

    A user's rule with the id of a default takes its place at the top, and the default is dropped.
    """
    defaults = default_rules()
    if own_text is None:
        return defaults
    own = parse_rules(own_text, own_file)
    taken = {rule.id for rule in own.rules}
    return Rules(rules=(*own.rules, *(rule for rule in defaults.rules if rule.id not in taken)))
