"""What names and patterns mean, decided once per distinct text and loaded as small tables.

A bill of 40 million lines has a few thousand distinct kinds of line, tags and names: rules and the
catalogue are applied to those here, SQL joins the answers to the lines.
"""

import re
from collections.abc import Iterable
from functools import cache

import duckdb

from pipelines.attribution.accelerators import accelerators, instance_type, is_listed
from pipelines.attribution.rules import PATTERNS, Rule, Rules
from pipelines.queries import load, materialise
from pipelines.registry.catalogue import Catalogue
from pipelines.registry.log_names import (
    LOG_NAME_COLUMNS,
    VERSION_START_COLUMNS,
    LogNames,
    version_starts,
)
from pipelines.registry.names import Names, Resolved
from pipelines.registry.principals import PRINCIPAL_LINK_COLUMNS, principal_rows
from pipelines.settings import Settings

COMPONENT_WORDS = {
    "training": "training",
    "train": "training",
    "pretraining": "training",
    "pre-training": "training",
    "experiment": "training",
    "evaluation": "training",
    "inference": "inference",
    "serving": "inference",
    "serve": "inference",
    "hosting": "inference",
    "storage": "storage",
    "update": "update",
    "fine-tuning": "update",
    "finetuning": "update",
    "fine-tune": "update",
    "finetune": "update",
    "retraining": "update",
}
"""Words a component tag may carry; any other word says nothing."""

_MEANING_COLUMNS = {
    **dict.fromkeys(PATTERNS, "VARCHAR"),
    "rule_id": "VARCHAR",
    "bucket": "VARCHAR",
    "is_following": "BOOLEAN",
    "is_ai": "BOOLEAN",
    "component": "VARCHAR",
    "element": "VARCHAR",
    "split": "VARCHAR",
    "counts": "VARCHAR",
    "model": "VARCHAR",
    "model_version": "VARCHAR",
    "service_model": "VARCHAR",
    "milli_gpus": "BIGINT",
}


_LARGE = re.compile(r"p\d|trn|inf|dl|n[cd]\d|(?:s?ebm)?gn|bm\.gpu")
"""Machine types that may well have more than one accelerator."""


def load_meanings(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, rules: Rules) -> list[str]:
    """Apply the rules to every distinct kind of line: table `signature_meanings`.

    Returns warnings: accelerator types whose number of accelerators nobody stated.
    """
    names = Names(catalogue)
    services = {s.lower(): model.name for model in catalogue.models for s in model.services}
    materialise(con, "signatures", "attribution/signatures")
    rows, unlisted = [], set()
    for signature in con.execute("SELECT * FROM signatures").fetchall():
        line = dict(zip(PATTERNS, signature, strict=True))
        rule = first_match(rules.rules, line)
        text = _model_text(rule, line)
        named = names.of_usage_type(text) if text else None
        machine = line["instance_type"] or line["usage_type"]
        if rule.ai and rule.split == "capacity" and rule.counts == "machines":
            kind = instance_type(machine)
            if not is_listed(kind) and _LARGE.match(kind):
                unlisted.add(kind)
        rows.append(
            {
                **line,
                "rule_id": rule.id,
                "bucket": rule.bucket or "",
                "is_following": rule.follow,
                "is_ai": rule.ai,
                "component": rule.component,
                "element": rule.element,
                "split": rule.split,
                "counts": rule.counts,
                "model": named.model if named else "",
                "model_version": named.version if named else "",
                "service_model": services.get(line["service"].lower(), ""),
                "milli_gpus": _milli_gpus(rule, machine),
            }
        )
    load(con, "signature_meanings", _MEANING_COLUMNS, rows)
    return [
        f"machine type {kind}: number of accelerators unknown, counted as one. State `gpus` in the "
        "catalogue's [[resources]]"
        for kind in sorted(unlisted)
    ]


def _milli_gpus(rule: Rule, machine: str) -> int | None:
    if rule.counts == "nothing":
        return None
    return 1000 if rule.counts == "accelerators" else int(1000 * accelerators(machine))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def first_match(rules: Iterable[Rule], line: dict[str, str]) -> Rule:
    """The first rule whose every pattern matches its field of the line, whole and without case.

    Raises:
        LookupError: no rule matches; the defaults end with one that matches everything.
    """
    for rule in rules:
        if all(
            pattern is None or _pattern(pattern).fullmatch(line[name])
            for name, pattern in ((name, getattr(rule, name)) for name in PATTERNS)
        ):
            return rule
    message = f"no rule matches {line}"
    raise LookupError(message)


def _model_text(rule: Rule, line: dict[str, str]) -> str:
    if rule.model_text is None:
        return ""
    match = _pattern(rule.model_text).match(line[rule.model_text_in])
    return (match[1] or "") if match else ""


def load_names(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, settings: Settings) -> None:
    """Resolve what tags and logs call a model.

    Makes the tables `tag_sets`, `tag_names`, `tag_components`, `log_names` (by the hour, see
    `pipelines/registry/log_names.py`) and `version_starts`.
    """
    names = Names(catalogue)
    keys = settings.tags
    materialise(
        con,
        "tag_sets",
        "attribution/tag_sets",
        {
            "model_paths": _paths(keys.model),
            "version_paths": _paths(keys.model_version),
            "component_paths": _paths(keys.component),
        },
    )
    tagged = con.execute(
        "SELECT DISTINCT tag_model, tag_version FROM tag_sets WHERE tag_model <> ''"
    ).fetchall()
    rows = [
        {"tag_model": model, "tag_version": version, **_resolved(names.resolve(model, version))}
        for model, version in tagged
    ]
    columns = {"tag_model": "VARCHAR", "tag_version": "VARCHAR", **_RESOLVED_COLUMNS}
    load(con, "tag_names", columns, rows)
    load(
        con,
        "tag_components",
        {"tag_component": "VARCHAR", "component": "VARCHAR"},
        [{"tag_component": word, "component": part} for word, part in COMPONENT_WORDS.items()],
    )
    logged = con.execute("SELECT DISTINCT model, model_version FROM usage").fetchall()
    load(con, "log_names", LOG_NAME_COLUMNS, LogNames(catalogue).rows(logged))
    load(con, "version_starts", VERSION_START_COLUMNS, version_starts(catalogue))


def load_price_keys(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Resolve the models that price details name: table `key_names`."""
    names = Names(catalogue)
    materialise(con, "price_keys", "attribution/price_keys")
    rows = []
    for details, developer, family, model_id, version in con.execute(
        "FROM price_keys ORDER BY ALL"
    ).fetchall():
        found = names.of_model_keys(developer, family, model_id, version)
        rows.append({"price_details": details, **_resolved(found)})
    load(con, "key_names", {"price_details": "VARCHAR", **_RESOLVED_COLUMNS}, rows)


def load_callers(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Resolve who called which model: table `caller_targets`."""
    materialise(con, "callers", "attribution/callers")
    callers = [caller for (caller,) in con.execute("FROM callers ORDER BY ALL").fetchall()]
    load(con, "principal_links", PRINCIPAL_LINK_COLUMNS, principal_rows(catalogue, callers))
    materialise(con, "caller_targets", "attribution/caller_targets")


_RESOLVED_COLUMNS = {"model": "VARCHAR", "model_version": "VARCHAR", "is_known": "BOOLEAN"}


def _resolved(found: Resolved) -> dict[str, str | bool]:
    return {"model": found.model, "model_version": found.version, "is_known": found.is_known}


def _paths(keys: list[str]) -> list[str]:
    return ['$."' + key.replace('"', '\\"') + '"' for key in keys]
