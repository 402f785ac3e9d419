"""What the rules of some rows say, for people and for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.review.sheets import Row


def rule_texts(rules: Sequence[Any]) -> dict[str, str]:
    """What each rule says: the patterns it matches and what the line then is."""
    texts = {}
    for rule in rules:
        facts = rule.model_dump(exclude_defaults=True, exclude={"id"})
        texts[rule.id] = ", ".join(f"{key} = {value}" for key, value in facts.items())
    return texts


def rule_rows(found: Sequence[Mapping[str, Any]], rules: Mapping[str, str]) -> list[Row]:
    """Rows with the text of the rule that each names."""
    return [Row({**row, "rule": rules.get(row["rule_id"], "")}) for row in found]


def rule_notes(rows: Sequence[Row]) -> list[str]:
    """What the rules of some rows say, each once."""
    texts = {row.values["rule_id"]: row.values["rule"] for row in rows if row.values.get("rule")}
    return [f"{rule}: {text}" for rule, text in texts.items()]
