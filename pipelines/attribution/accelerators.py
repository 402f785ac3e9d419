"""How many accelerators one machine of a type has: the capacity of one billed hour.

Only what the providers document of their machine types; a type not listed counts as one accelerator
unless the catalogue's `[[resources]]` entry says how many. Google's and Oracle's types say it in
their name. Where a bill counts accelerators instead of machines (Google's GPU lines), its rule says
so and this table is not asked.
"""

import re
from decimal import Decimal
from typing import Final

_AWS: Final[dict[str, int | str]] = {
    "p2.xlarge": 1, "p2.8xlarge": 8, "p2.16xlarge": 16,
    "p3.2xlarge": 1, "p3.8xlarge": 4, "p3.16xlarge": 8, "p3dn.24xlarge": 8,
    "p4d.24xlarge": 8, "p4de.24xlarge": 8,
    "p5.4xlarge": 1, "p5.48xlarge": 8, "p5e.48xlarge": 8, "p5en.48xlarge": 8,
    "p6-b200.48xlarge": 8, "p6-b300.48xlarge": 8, "p6e-gb200.36xlarge": 4,
    "g2.2xlarge": 1, "g2.8xlarge": 4,
    "g3s.xlarge": 1, "g3.4xlarge": 1, "g3.8xlarge": 2, "g3.16xlarge": 4,
    "g4dn.12xlarge": 4, "g4dn.metal": 8, "g4ad.8xlarge": 2, "g4ad.16xlarge": 4,
    "g5.12xlarge": 4, "g5.24xlarge": 4, "g5.48xlarge": 8, "g5g.16xlarge": 2, "g5g.metal": 2,
    "g6.12xlarge": 4, "g6.24xlarge": 4, "g6.48xlarge": 8,
    "g6f.large": "0.125", "g6f.xlarge": "0.125", "g6f.2xlarge": "0.25", "g6f.4xlarge": "0.5",
    "gr6f.4xlarge": "0.5",
    "g6e.12xlarge": 4, "g6e.24xlarge": 4, "g6e.48xlarge": 8,
    "g7.12xlarge": 2, "g7.24xlarge": 4, "g7.48xlarge": 8,
    "g7e.12xlarge": 2, "g7e.24xlarge": 4, "g7e.48xlarge": 8,
    "trn1.2xlarge": 1, "trn1.32xlarge": 16, "trn1n.32xlarge": 16, "trn2.48xlarge": 16,
    "inf1.6xlarge": 4, "inf1.24xlarge": 16, "inf2.24xlarge": 6, "inf2.48xlarge": 12,
    "dl1.24xlarge": 8, "dl2q.24xlarge": 8,
}  # fmt: skip

_AZURE: Final[dict[str, int | str]] = {
    "nc6": 1, "nc12": 2, "nc24": 4, "nc24r": 4,
    "nc6s_v2": 1, "nc12s_v2": 2, "nc24s_v2": 4, "nc24rs_v2": 4,
    "nc6s_v3": 1, "nc12s_v3": 2, "nc24s_v3": 4, "nc24rs_v3": 4,
    "nc4as_t4_v3": 1, "nc8as_t4_v3": 1, "nc16as_t4_v3": 1, "nc64as_t4_v3": 4,
    "nc24ads_a100_v4": 1, "nc48ads_a100_v4": 2, "nc96ads_a100_v4": 4,
    "nc40ads_h100_v5": 1, "nc80adis_h100_v5": 2,
    "nd6s": 1, "nd12s": 2, "nd24s": 4, "nd24rs": 4, "nd40rs_v2": 8,
    "nd96asr_v4": 8, "nd96amsr_a100_v4": 8,
    "nd96isr_h100_v5": 8, "nd96isr_h200_v5": 8, "nd96isr_mi300x_v5": 8,
    "nv6": 1, "nv12": 2, "nv24": 4,
    "nv12s_v3": 1, "nv24s_v3": 2, "nv48s_v3": 4,
    "nv6ads_a10_v5": "0.167", "nv12ads_a10_v5": "0.333", "nv18ads_a10_v5": "0.5",
    "nv36ads_a10_v5": 1, "nv36adms_a10_v5": 1, "nv72ads_a10_v5": 2,
}  # fmt: skip

_GOOGLE: Final[dict[str, int | str]] = {
    "g2-standard-4": 1, "g2-standard-8": 1, "g2-standard-12": 1, "g2-standard-16": 1,
    "g2-standard-24": 2, "g2-standard-32": 1, "g2-standard-48": 4, "g2-standard-96": 8,
    "g4-standard-48": 1, "g4-standard-96": 2, "g4-standard-192": 4, "g4-standard-384": 8,
}  # fmt: skip

_ALIBABA: Final[dict[str, int | str]] = {
    "gn6i-c4g1.xlarge": 1, "gn6i-c8g1.2xlarge": 1, "gn6i-c16g1.4xlarge": 1,
    "gn6i-c24g1.6xlarge": 1, "gn6i-c40g1.10xlarge": 1, "gn6i-c24g1.12xlarge": 2,
    "gn6i-c24g1.24xlarge": 4,
    "gn6e-c12g1.3xlarge": 1, "gn6e-c12g1.6xlarge": 2, "gn6e-c12g1.12xlarge": 4,
    "gn6e-c12g1.24xlarge": 8,
    "gn6v-c8g1.2xlarge": 1, "gn6v-c8g1.4xlarge": 2, "gn6v-c8g1.8xlarge": 4,
    "gn6v-c8g1.16xlarge": 8, "gn6v-c10g1.20xlarge": 8,
    "gn7-c12g1.3xlarge": 1, "gn7-c13g1.13xlarge": 4, "gn7-c13g1.26xlarge": 8,
    "gn7e-c16g1.4xlarge": 1, "gn7e-c16g1.8xlarge": 2, "gn7e-c16g1.16xlarge": 4,
    "gn7e-c16g1.32xlarge": 8,
    "gn7i-c8g1.2xlarge": 1, "gn7i-c16g1.4xlarge": 1, "gn7i-c32g1.8xlarge": 1,
    "gn7i-c32g1.16xlarge": 2, "gn7i-c32g1.32xlarge": 4, "gn7i-c48g1.12xlarge": 1,
    "gn7i-c56g1.14xlarge": 1,
    "gn7s-c8g1.2xlarge": 1, "gn7s-c16g1.4xlarge": 1, "gn7s-c32g1.8xlarge": 1,
    "gn7s-c32g1.16xlarge": 2, "gn7s-c32g1.32xlarge": 4, "gn7s-c48g1.12xlarge": 1,
    "gn7s-c56g1.14xlarge": 1,
    "gn8is.2xlarge": 1, "gn8is.4xlarge": 1,
    "ebmgn7e.32xlarge": 8,
}  # fmt: skip

ACCELERATORS: Final[dict[str, Decimal]] = {
    name: Decimal(count)
    for table in (_AWS, _AZURE, _GOOGLE, _ALIBABA)
    for name, count in table.items()
}

_SAID = (
    re.compile(r"a\d+x?-[a-z]+gpu-(\d+)g(?:-[a-z]+)?"),  # Google: a2-highgpu-8g
    re.compile(r"ct[0-9a-z]+-[a-z]+-(\d+)t"),  # Google's TPUs: ct5lp-hightpu-4t
    re.compile(r"(?:bm|vm)\.gpu[a-z0-9.-]*\.(\d+)"),  # Oracle: BM.GPU.A100-v2.8
    re.compile(r"gn[0-9a-z]+-(\d+)x\.[0-9a-z]+"),  # Alibaba: ecs.gn8is-4x.16xlarge
)
"""Types whose name ends in the number of their accelerators."""

_TYPES = (
    re.compile(r"(?:^|:)(?:ml\.)?([a-z][a-z0-9-]*\.[a-z0-9-]+)$"),  # AWS: Host:ml.g5.2xlarge
    re.compile(r"^(?:ml\.|ecs\.)((?:s?ebm)?[sv]?gn[a-z0-9-]+\.[a-z0-9]+)$"),  # Alibaba
    re.compile(r"^(?:standard_)?(n[cdgv]\d+[a-z0-9_]*)$"),  # Azure: Standard_NC24ads_A100_v4
    re.compile(r"^((?:a\d+x?|g[24]|ct[0-9a-z]+)-[a-z]+-\d+[gt]?(?:-[a-z]+)?)$"),  # Google
    re.compile(r"^((?:bm|vm)\.gpu[a-z0-9.-]*)$"),  # Oracle
)
_AZURE_TIERS = re.compile(r"(?: spot| low priority)?(?: promo)?$")


def instance_type(text: str) -> str:
    """The machine type in a usage type or product field, without SageMaker's `ml.`.

    `USE1-Host:ml.g5.2xlarge` -> `g5.2xlarge`; Azure's `NC24ads A100 v4 Spot` -> `nc24ads_a100_v4`;
    '' where there is none.
    """
    name = text.strip()
    for pattern in _TYPES[:1]:
        if match := pattern.search(name):
            return match[1].removeprefix("ecs.")
    name = _AZURE_TIERS.sub("", name.lower()).replace(" ", "_")
    for pattern in _TYPES[1:]:
        if match := pattern.search(name):
            return match[1]
    return ""


def accelerators(text: str) -> Decimal:
    """Accelerators of one machine of the type in `text`; one where the type is not listed.

    A third of a card is 0.333: capacity is counted in thousandths.
    """
    return _known(instance_type(text)) or Decimal(1)


def is_listed(machine: str) -> bool:
    """Whether the number of a machine type's accelerators is known."""
    return _known(machine) is not None


def _known(machine: str) -> Decimal | None:
    for pattern in _SAID:
        if match := pattern.fullmatch(machine):
            return Decimal(match[1])
    return ACCELERATORS.get(machine)
