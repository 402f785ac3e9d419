"""Which months a provider has delivered anew, decided from manifest identities alone."""

from collections.abc import Collection, Mapping

MONTHS_PER_TICK = 12
"""A tick asks for a year at most; what is left over is asked for by the next one."""


def detect_restatements(
    seen: Mapping[str, str], current: Mapping[str, str], known_months: Collection[str]
) -> dict[str, str]:
    """The months to run again, with the identity of the delivery that asks for it.

    `seen` and `current` map a month to the identity of its manifests. A month counts when its
    identity is new or changed and it is one of `known_months`; a month that is no longer listed is
    kept as it was, because a removed delivery says nothing about what it charged.
    """
    changed = {
        month: identity
        for month, identity in sorted(current.items())
        if month in known_months and seen.get(month) != identity
    }
    return dict(list(changed.items())[:MONTHS_PER_TICK])
