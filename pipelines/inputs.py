"""What a month was made from: the identities of every input, as one text and one digest.

An identity is what a listing tells (name, size, entity tag) or the digest of a small text; no file
is opened for it. Two runs with the same digest would write the same rows, so the second one has
nothing to do. `assets/inputs.py` collects the identities; here is only what makes them comparable.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class FileIdentity:
    """One file as its listing shows it."""

    name: str
    size: int
    etag: str


@dataclass(frozen=True)
class Inputs:
    """Everything one month's figures depend on.

    `registry` are the snapshots of the registries. `texts` holds the digests of settings, catalogue
    and rules, `code` that of the code which makes the numbers. `is_over` and `has_settled` are all
    that the clock decides: a month that ended or settled since the last run is published again,
    because only then can it be final.
    """

    month: str
    bills: Mapping[str, Sequence[FileIdentity]]
    logs: Mapping[str, Sequence[FileIdentity]]
    registry: Sequence[FileIdentity]
    texts: Mapping[str, str]
    code: str
    is_over: bool
    has_settled: bool
    business_units: Mapping[str, Sequence[FileIdentity]] = field(default_factory=dict)
    calibrations: Sequence[FileIdentity] = ()
    """The set of coefficients in force, if there is one."""

    def canonical(self) -> str:
        """The identities as JSON, the same text for the same inputs in any order of listing."""
        return json.dumps(
            {
                "month": self.month,
                "bills": _listings(self.bills),
                "logs": _listings(self.logs),
                "business_units": _listings(self.business_units),
                "registry": _listing(self.registry),
                "calibrations": _listing(self.calibrations),
                "texts": dict(self.texts),
                "code": self.code,
                "is_over": self.is_over,
                "has_settled": self.has_settled,
            },
            sort_keys=True,
            separators=(",", ":"),
        )

    @property
    def digest(self) -> str:
        """SHA-256 of `canonical()`."""
        return digest_of(self.canonical())


def digest_of(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _listings(
    sources: Mapping[str, Sequence[FileIdentity]],
) -> dict[str, list[tuple[str, int, str]]]:
    return {source: _listing(files) for source, files in sources.items()}


def _listing(files: Sequence[FileIdentity]) -> list[tuple[str, int, str]]:
    return [(file.name, file.size, file.etag) for file in sorted(files)]
