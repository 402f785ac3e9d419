"""What repositories of Hugging Face's layout tell: a version per commit, its base, its size.

A repository (`shop/rank-7b`) is a model, a commit of it a version (`repo@sha`). What the name alone
means is what the repository held at that time: the snapshots show when it moved to another commit,
and the newer commit succeeds the older. Where nothing tells the commit, the files' names and sizes
stand for it (`files-…`).

`parameters` are the stored numbers of the safetensors files; a quantised repository packs several
weights into one of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pipelines.registry.catalogue import Artefact, Deployment, Version
from pipelines.registry.facts import Facts, Held, history, models_of
from pipelines.registry.snapshots import Snapshot

GB = 1_000_000_000

Item = Mapping[str, Any]


def facts(snapshots: Sequence[Snapshot]) -> Facts:
    """Models, versions, dated names and artefacts of the repositories."""
    items: dict[tuple[str, str], Item] = {}
    for snapshot in snapshots:
        for item in snapshot.items.get("repos", []):
            items[item["repo"], item["sha"]] = item
    held = history([(s.taken_at, _heads(s)) for s in snapshots])
    versions: dict[str, list[Version]] = defaultdict(list)
    for repo, shas in _in_order(held).items():
        for before, sha in zip([None, *shas], shas, strict=False):
            versions[repo].append(_version(items[repo, sha], before))
    return Facts(
        registry=snapshots[0].registry,
        models=models_of(versions),
        deployments=list(_names(held, items)),
        artefacts=[
            Artefact(
                location=item["location"],
                model=repo,
                version=sha,
                size_gb=Decimal(item["bytes"]) / GB if item.get("bytes") else None,
            )
            for (repo, sha), item in sorted(items.items())
            if str(item.get("location") or "").startswith("s3://")
        ],
        asked_since=snapshots[0].taken_at,
    )


def _heads(snapshot: Snapshot) -> dict[str, str]:
    return {item["repo"]: item["sha"] for item in snapshot.items.get("repos", [])}


def _in_order(held: Sequence[Held[str, str]]) -> dict[str, list[str]]:
    """The commits of each repository as they came; one that comes back keeps its first place."""
    found: dict[str, list[str]] = defaultdict(list)
    for span in held:
        if span.value not in found[span.key]:
            found[span.key].append(span.value)
    return found


def _version(item: Item, before: str | None) -> Version:
    repo, sha = item["repo"], item["sha"]
    return Version.model_validate(
        {
            "version": sha,
            "released": item.get("modified"),
            "predecessor": before,
            "aliases": [f"{repo}@{sha}"],
            "parameters": item.get("parameters"),
            "base_model": ", ".join(item.get("base_model") or []) or None,
            "artefact": item.get("location"),
        }
    )


def _names(
    held: Sequence[Held[str, str]], items: Mapping[tuple[str, str], Item]
) -> Iterator[Deployment]:
    """What a repository's name meant: a served model goes by it, or by the path it lies at."""
    for span in held:
        item = items[span.key, span.value]
        start = span.from_
        if span.is_first_seen and item.get("modified"):
            # nothing was committed since: the repository held this before it was first looked at
            start = min(start, _instant(item["modified"]))
        names = list(dict.fromkeys(n for n in (span.key, item.get("location")) if n))
        yield Deployment.model_validate(
            {
                "model": span.key,
                "version": span.value,
                "names": names,
                "from": start.replace(tzinfo=UTC),
                "until": span.until.replace(tzinfo=UTC),
            }
        )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
