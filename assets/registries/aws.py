"""How an AWS service is asked: region by region, page by page, and what is refused is named.

The only module of the registries that talks to AWS. A call that is refused does not stop the rest:
the snapshot says which IAM action was missing, and its readers then keep what they knew before. A
service that cannot be asked at all is an error: half an answer is none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipelines.errors import RegistryUnreachable
from pipelines.registry.snapshots import Snapshot
from pipelines.settings import RegistrySource

Item = dict[str, Any]
Connect = Callable[[RegistrySource, str, str | None], Any]
"""A client of a service in a region: `client` below, or a test's."""

Shape = Mapping[str, "Shape | None"]
"""Which keys of an answer are kept; None keeps all below. Lists are passed through."""

ATTEMPTS = 8
"""Of one call that AWS throttles: the waits between them add up to some two minutes."""

_REFUSED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorized",
}
_NOT_OFFERED = {"UnknownOperationException", "UnsupportedOperation", "InvalidAction"}
_GONE = {"ResourceNotFound", "ResourceNotFoundException"}
_GONE_TEXTS = ("could not find", "cannot find", "does not exist", "not found")


def client(source: RegistrySource, service: str, region: str | None) -> Any:
    """A client of AWS; credentials come from its own chain, or from the profile of the source."""
    session = boto3.Session(profile_name=source.profile)
    return session.client(
        service,
        region_name=region,
        endpoint_url=source.storage.endpoint_url,
        config=Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
        ),
    )


def regions_of(source: RegistrySource) -> list[str | None]:
    """The regions a source asks; without any, the one of AWS's own configuration."""
    named = [source.region] if source.region else []
    return [*dict.fromkeys([*named, *source.regions])] or [None]


class Region:
    """One service in one region: its lists, its descriptions, and the actions it refused."""

    def __init__(self, source: RegistrySource, service: str, region: str | None, connect: Connect):
        self.source, self.service = source, service
        with self._reached(region or "the configured region"):
            self.client = connect(source, service, region)
        self.name: str = self.client.meta.region_name
        self.missing: list[Item] = []
        self.answered = 0
        self._refused: set[str] = set()

    def pages(self, call: str, key: str, **asked: Any) -> list[Item] | None:
        """Every item of every page of a list; None where the list is refused."""
        if call in self._refused:
            return None
        found: list[Item] = []
        try:
            with self._reached(self.name):
                for page in self.client.get_paginator(call).paginate(**asked):
                    found += page.get(key, [])
        except ClientError as error:
            self._note(call, error)
            return None
        self.answered += 1
        return found

    def one(self, call: str, **asked: Any) -> Item | None:
        """The description of one item; None where it is refused, or gone since it was listed."""
        if call in self._refused:
            return None
        try:
            with self._reached(self.name):
                answer: Item = getattr(self.client, call)(**asked)
        except ClientError as error:
            if not _is_gone(error):
                self._note(call, error)
            return None
        self.answered += 1
        return answer

    def is_refused(self, call: str) -> bool:
        """Whether this region has refused a call: its items are then unknown, not gone."""
        return call in self._refused

    def _note(self, call: str, error: ClientError) -> None:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code not in _REFUSED | _NOT_OFFERED:
            message = str(error.response.get("Error", {}).get("Message", "")).split("\n")[0]
            problem = f"{self.action(call)} in {self.name}: {code}: {message}"
            raise RegistryUnreachable(self.source.name, problem) from error
        self._refused.add(call)
        why = "refused" if code in _REFUSED else "not offered"
        self.missing.append({"region": self.name, "action": self.action(call), "why": why})

    def action(self, call: str) -> str:
        """The IAM action that allows a call: `sagemaker:ListEndpoints`."""
        operation: str = self.client.meta.method_to_api_mapping[call]
        return f"{self.service}:{operation}"

    @contextmanager
    def _reached(self, where: str) -> Iterator[None]:
        try:
            yield
        except BotoCoreError as error:
            problem = f"{self.service} in {where}: {error}"
            raise RegistryUnreachable(self.source.name, problem) from error


def _is_gone(error: ClientError) -> bool:
    told = error.response.get("Error", {})
    message = str(told.get("Message", "")).lower()
    return told.get("Code") in _GONE or (
        told.get("Code") == "ValidationException" and any(text in message for text in _GONE_TEXTS)
    )


def asked(
    source: RegistrySource,
    service: str,
    connect: Connect,
    collect: Callable[[Region, Item], Item],
    last: Snapshot | None,
) -> Item:
    """The items of a snapshot: what each region answered, and which actions were missing.

    Raises:
        RegistryUnreachable: a region does not answer, or refused every call.
    """
    before = last.items.get("regions", {}) if last else {}
    found: Item = {}
    missing: list[Item] = []
    answered = 0
    for region in regions_of(source):
        place = Region(source, service, region, connect)
        found[place.name] = collect(place, before.get(place.name, {}))
        missing += place.missing
        answered += place.answered
    if missing and not answered:
        actions = ", ".join(sorted({item["action"] for item in missing}))
        raise RegistryUnreachable(source.name, f"every call was refused; it needs {actions}")
    return {"regions": found, "missing": missing}


def pruned(value: Any, shape: Shape | None) -> Any:
    """What of an answer is kept, as plain JSON values; instants as text in UTC."""
    if isinstance(value, Mapping):
        return {
            key: pruned(found, shape[key] if shape is not None else None)
            for key, found in value.items()
            if (shape is None or key in shape) and found is not None
        }
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [pruned(item, shape) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def tags_of(found: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Tags as a mapping, without AWS's own."""
    pairs = {
        tag.get("Key", tag.get("key", "")): tag.get("Value", tag.get("value", "")) for tag in found
    }
    return {key: value for key, value in sorted(pairs.items()) if not key.startswith("aws:")}
