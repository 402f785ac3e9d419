"""The table of measurements, for a terminal and for the README."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.measure import Pairs

HEADER = (
    "step",
    "size",
    "seconds",
    "CPU s",
    "rows/s",
    "floor s",
    "ratio",
    "peak MB",
    "growth",
    "target",
    "met",
)


@dataclass
class Row:
    """One step at one size."""

    name: str
    rows: int | None
    unit: str
    pairs: Pairs
    most_ratio: float | None
    most_mb: float | None
    smaller: "Row | None" = None
    """The same step at a tenth of the size."""

    @property
    def is_met(self) -> bool | None:
        """Whether every target is reached; None where there is none."""
        if self.most_ratio is None and self.most_mb is None:
            return None
        ratio = self.pairs.ratio
        slow = self.most_ratio is not None and ratio is not None and ratio > self.most_ratio
        fat = self.most_mb is not None and self.pairs.peak_mb > self.most_mb
        return not (slow or fat)

    def cells(self) -> tuple[str, ...]:
        """The row in the order of HEADER."""
        pairs, rows = self.pairs, self.rows
        targets = []
        if self.most_ratio is not None:
            targets.append(f"<= {self.most_ratio:g}x")
        if self.most_mb is not None:
            targets.append(f"< {self.most_mb:g} MB")
        return (
            self.name,
            f"{_short(rows)} {self.unit}" if rows else self.unit,
            f"{pairs.seconds:.2f}",
            f"{pairs.cpu_seconds:.2f}",
            _short(round(rows / pairs.seconds)) if rows else "",
            "" if pairs.floor_seconds is None else f"{pairs.floor_seconds:.2f}",
            "" if pairs.ratio is None else f"{pairs.ratio:.2f}x",
            f"{pairs.peak_mb:.0f}",
            "" if self.smaller is None else f"{pairs.seconds / self.smaller.pairs.seconds:.1f}x",
            ", ".join(targets),
            {True: "yes", False: "NO", None: ""}[self.is_met],
        )


def plain(rows: Sequence[Row]) -> str:
    """Columns padded to their width, figures to the right."""
    table = [HEADER, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in {0, 1, 9} else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    )


def markdown(rows: Sequence[Row]) -> str:
    """A table as README files have them."""
    lines = [HEADER, tuple("---" for _ in HEADER), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _short(number: int) -> str:
    """1,000,000 as 1M, 250,000 as 250k."""
    for size, sign in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.3g}{sign}"
    return str(number)
