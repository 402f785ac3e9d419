"""How many accelerators one machine of a type has: the capacity of one billed hour.

Only what AWS documents of its instance types; a type not listed counts as one accelerator unless
the catalogue's `[[resources]]` entry says how many.
"""

import re
from typing import Final

ACCELERATORS: Final[dict[str, int]] = {
    "p2.xlarge": 1, "p2.8xlarge": 8, "p2.16xlarge": 16,
    "p3.2xlarge": 1, "p3.8xlarge": 4, "p3.16xlarge": 8, "p3dn.24xlarge": 8,
    "p4d.24xlarge": 8, "p4de.24xlarge": 8,
    "p5.4xlarge": 1, "p5.48xlarge": 8, "p5e.48xlarge": 8, "p5en.48xlarge": 8,
    "p6-b200.48xlarge": 8, "p6-b300.48xlarge": 8,
    "g3s.xlarge": 1, "g3.4xlarge": 1, "g3.8xlarge": 2, "g3.16xlarge": 4,
    "g4dn.12xlarge": 4, "g4dn.metal": 8, "g4ad.8xlarge": 2, "g4ad.16xlarge": 4,
    "g5.12xlarge": 4, "g5.24xlarge": 4, "g5.48xlarge": 8, "g5g.16xlarge": 2, "g5g.metal": 2,
    "g6.12xlarge": 4, "g6.24xlarge": 4, "g6.48xlarge": 8,
    "g6e.12xlarge": 4, "g6e.24xlarge": 4, "g6e.48xlarge": 8,
    "trn1.2xlarge": 1, "trn1.32xlarge": 16, "trn1n.32xlarge": 16, "trn2.48xlarge": 16,
    "inf1.6xlarge": 4, "inf1.24xlarge": 16, "inf2.24xlarge": 6, "inf2.48xlarge": 12,
    "dl1.24xlarge": 8, "dl2q.24xlarge": 8,
}  # fmt: skip

_TYPE = re.compile(r"(?:^|:)(?:ml\.)?([a-z][a-z0-9-]*\.[a-z0-9-]+)$")


def instance_type(text: str) -> str:
    """The machine type in a usage type or product field, without SageMaker's `ml.`.

    `USE1-Host:ml.g5.2xlarge` -> `g5.2xlarge`; '' where there is none.
    """
    match = _TYPE.search(text.strip())
    return match[1] if match else ""


def accelerators(text: str) -> int:
    """Accelerators of one machine of the type in `text`; one where the type is not listed."""
    return ACCELERATORS.get(instance_type(text), 1)
