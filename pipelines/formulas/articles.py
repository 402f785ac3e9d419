"""The source articles' own worked examples: as printed, as their expression gives, and corrected.

The articles give the four components and the form C_x = C_hardware * T_x + C_bandwidth * T_x; their
numbers do not follow from their expressions, and the expressions are not money. Nothing of that is
set right silently: each case keeps the printed value, works out the printed expression, and says
beside it what the same inputs cost where units are right, in quantities whose price is left open
(p per GPU-hour, s per GB-month, e per GB). No printed value is a test of anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, Literal

from pipelines.formulas.formula import Formula, Symbol
from pipelines.formulas.written import worked_out

ARTICLES: Final = {
    "000": "电商搜索推荐场景下的AI大模型模型部署成本核算模型构建",
    "001": "电商搜索推荐场景下的AI大模型模型部署成本核算模型应用实践",
    "002": "no formula of money in it; its one worked number is a cross-entropy",
    "003": "no worked number",
    "004": "no worked number: a list of strategies",
}
"""What each article is: the title of those with costs. They are of 禅与计算机程序设计艺术."""

Flag = Literal["ARITH", "UNITS", "CODE≠TEXT", "DEGENERATE"]
FLAGS: Final[dict[Flag, str]] = {
    "ARITH": "what is printed is not what its expression gives, or its printed parts do not add up "
    "to it",
    "UNITS": "the expression is no money: GPUs x Tflop/s x GB/s, or TB x GB/s x s",
    "CODE≠TEXT": "the article's program computes something else than its text, or was never run",
    "DEGENERATE": "the problem as stated has a trivial answer",
}
FAULTS: Final = (
    "The articles have one T for hardware and bandwidth: C_hardware*T and C_bandwidth*T are "
    "perfectly collinear, so that no two coefficients can be told from totals.",
    "Bandwidth is bought per GB, not per hour, except on dedicated links.",
    "000 charges the whole fleet to every request.",
    "Idle time, discounts, failed runs and labour are in none of them.",
)
PRICES: Final = {
    "p": ("GPU-h", "price of a GPU-hour"),
    "s": ("GB-month", "price of a GB-month"),
    "e": ("GB", "price of a GB moved"),
}


@dataclass(frozen=True)
class Correct:
    """The same inputs with units that can be paid for: a quantity, and the sign of its price."""

    expression: str
    price: str = ""
    """A key of `PRICES`; '' where it is money already."""


@dataclass(frozen=True)
class Case:
    """One worked example."""

    id: str
    article: str
    place: str
    what: str
    expression: str = ""
    """Empty for a sum of `parts`."""
    printed: str = ""
    """Empty where the article prints nothing. May be an expression itself."""
    correct: Correct | None = None
    parts: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    """What is wrong besides arithmetic, which is worked out."""
    note: str = ""


@dataclass(frozen=True)
class Recomputed:
    """A case and what it comes to."""

    case: Case
    printed: Fraction | None
    gives: Fraction
    printed_parts: Fraction | None
    """What the printed parts of a sum add up to."""
    quantities: tuple[tuple[Fraction, str], ...]
    """Dimension-correct: how much of what, and the sign of its price."""

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Everything that is wrong with it. A sum is held against its own parts as printed."""
        if self.printed is None or "DEGENERATE" in self.case.flags:
            return self.case.flags
        gives = self.gives if self.printed_parts is None else self.printed_parts
        if is_as_printed(self.case.printed, gives):
            return self.case.flags
        return ("ARITH", *self.case.flags)

    def cost(self, prices: Mapping[str, Fraction]) -> Fraction | None:
        """What the quantities cost; None where a price is not given or none was left open."""
        if not self.quantities or any(sign not in prices for _, sign in self.quantities):
            return None
        return sum((quantity * prices[sign] for quantity, sign in self.quantities), Fraction(0))


_TEXT: Final = ("000", "4.3")
_CODE: Final = ("000", "5.2, its program")
_TOTAL_OF_CODE: Final = ("code-train", "code-inference", "code-storage", "code-update")

CASES: Final = (
    Case(
        "train-hardware",
        *_TEXT,
        "training, hardware",
        "64 * 40 * 800",
        "1.28e10",
        Correct("64 * 48", "p"),
        flags=("UNITS",),
        note="GPUs x Tflop/s x GB/s, and no T: its 48 hours are not in it",
    ),
    Case(
        "train-bandwidth",
        *_TEXT,
        "training, bandwidth",
        "2 * 800 * 48 * 3600",
        "2.88e10",
        Correct("2 * 1024", "e"),
        flags=("UNITS",),
        note="TB x GB/s x s; what can be paid for are the 2 TB",
    ),
    Case(
        "train",
        *_TEXT,
        "training, total",
        printed="4.16e10",
        parts=("train-hardware", "train-bandwidth"),
    ),
    Case(
        "inference-hardware",
        *_TEXT,
        "inference, hardware",
        "64 * 40 * 10**-3",
        "2.56e4",
        Correct("64 * 0.01 / 3600", "p"),
        flags=("UNITS",),
        note="the text says 10 ms, its expression has 1 ms; one request holds all 64 GPUs",
    ),
    Case(
        "inference-bandwidth",
        *_TEXT,
        "inference, bandwidth",
        "1 * 800 * 10**-3 * 10**6",
        "8e3",
        Correct("1", "e"),
        flags=("UNITS",),
        note="the 10^6 is not explained; what can be paid for is the 1 GB",
    ),
    Case(
        "inference",
        *_TEXT,
        "inference, total",
        printed="2.64e4",
        parts=("inference-hardware", "inference-bandwidth"),
    ),
    Case(
        "storage-hardware",
        *_TEXT,
        "storage, hardware",
        "2 * 800 * 30 * 24 * 3600",
        "6.72e8",
        Correct("2 * 1024 * 30 / 30", "s"),
        flags=("UNITS",),
        note="2 TB for 30 of 30 days",
    ),
    Case(
        "storage-bandwidth",
        *_TEXT,
        "storage, bandwidth",
        "2 * 800 * 30 * 24 * 3600",
        "1.71e8",
        flags=("UNITS",),
        note="the same expression as hardware, another number; keeping data moves none",
    ),
    Case(
        "storage",
        *_TEXT,
        "storage, total",
        printed="8.43e8",
        parts=("storage-hardware", "storage-bandwidth"),
    ),
    Case(
        "update-hardware",
        *_TEXT,
        "update, hardware",
        "64 * 40 * 24 * 3600",
        "5.76e6",
        Correct("64 * 24", "p"),
        flags=("UNITS",),
    ),
    Case(
        "update-bandwidth",
        *_TEXT,
        "update, bandwidth",
        "1 * 800 * 24 * 3600",
        "8.64e5",
        Correct("1", "e"),
        flags=("UNITS",),
    ),
    Case(
        "update",
        *_TEXT,
        "update, total",
        printed="6.41e6",
        parts=("update-hardware", "update-bandwidth"),
    ),
    Case(
        "code-train",
        *_CODE,
        "training",
        "(64 * 40 * 800) * (48 * 3600)",
        flags=("CODE≠TEXT", "UNITS"),
        note="takes `bandwidth` and ignores it, as do the others",
    ),
    Case(
        "code-inference",
        *_CODE,
        "inference",
        "(64 * 40 * (1 / 1000)) * (1 / 1000)",
        flags=("CODE≠TEXT", "UNITS"),
    ),
    Case(
        "code-storage",
        *_CODE,
        "storage",
        "(2 * 1024 * 800 * 30 * 24 * 3600) * (30 * 24 * 3600)",
        flags=("CODE≠TEXT", "UNITS"),
        note="2 TB are 2048 GB here and 2 in the text; the time is in it twice",
    ),
    Case(
        "code-update",
        *_CODE,
        "update",
        "(64 * 40 * (1 / 1000) * 24 * 3600) * (24 * 3600)",
        flags=("CODE≠TEXT", "UNITS"),
        note="the time is in it twice",
    ),
    Case(
        "code",
        *_CODE,
        "total",
        parts=_TOTAL_OF_CODE,
        flags=("CODE≠TEXT",),
        note="nearly all of it is storage",
    ),
    Case(
        "resources",
        "001",
        "4.3",
        "inference, computing and storage",
        "0.1 * 0.5 * 1000 + 0.2 * 0.8 * 500",
        "450",
        Correct("0.1 * 0.5 * 1000 + 0.2 * 0.8 * 500"),
        note="450 is 0.1*0.5*1000 + 0.8*500: the price of storage was left out",
    ),
    Case(
        "resources-code",
        "001",
        "5.4, its program's output",
        "the same, by the program",
        "0.1 * 0.5 * 1000 + 0.2 * 0.8 * 500",
        "450.0",
        Correct("0.1 * 0.5 * 1000 + 0.2 * 0.8 * 500"),
        flags=("CODE≠TEXT",),
        note="the program prints 130.0; the output that is shown was never run",
    ),
    Case(
        "resources-minimum",
        "001",
        "4.2",
        "the least of it over T and S",
        "0.1 * 0.5 * 0 + 0.2 * 0.8 * 0",
        "450",
        flags=("DEGENERATE",),
        note="no demand has to be served: the least is at T = S = 0",
    ),
    Case(
        "cross-entropy",
        "002",
        "4.3",
        "cross-entropy (no money)",
        "-(0 * ln(0.8) + 1 * ln(0.2))",
        "-(ln(0.2) - ln(0.8))",
        Correct("-ln(0.2)"),
        note="0 * ln(0.8) became -ln(0.8)",
    ),
)


def recomputed() -> tuple[Recomputed, ...]:
    """Every case worked out from its expression."""
    found: dict[str, Recomputed] = {}
    for case in CASES:
        parts = [found[part] for part in case.parts]
        printed_parts = [part.printed for part in parts if part.printed is not None]
        of_parts = tuple(quantity for part in parts for quantity in part.quantities)
        found[case.id] = Recomputed(
            case,
            worked_out(case.printed) if case.printed else None,
            worked_out(case.expression)
            if case.expression
            else sum((part.gives for part in parts), Fraction(0)),
            sum(printed_parts, Fraction(0)) if printed_parts else None,
            ((worked_out(case.correct.expression), case.correct.price),)
            if case.correct
            else of_parts,
        )
    return tuple(found.values())


def is_as_printed(printed: str, value: Fraction) -> bool:
    """Whether a value, rounded to the digits of a printed number, is that number.

    1.284e10 is as printed where 1.28e10 is; 1.29e10 is not. An expression is as it gives.
    """
    try:
        number = Decimal(printed)
    except InvalidOperation:
        return worked_out(printed) == value
    step = Fraction(10) ** int(number.as_tuple().exponent)
    return abs(value - Fraction(number)) <= step / 2


FORMULAS: Final = (
    Formula(
        name="component_cost",
        title="A component in the articles' form, dimension-correct",
        says="C_x = p*Q*(1-d) + p_e*G + O: hardware (C_hardware*T), bandwidth, overheads",
        symbols=(
            Symbol("price", "p", "", "money per unit of the rate card (GPU-h, GB-month, ...)"),
            Symbol("quantity", "Q", "", "units: for hardware n x T"),
            Symbol("discount", "d", "", "negotiated, reserved, plan or spot", high=1, default=0),
            Symbol("bandwidth_price", "p_e", "money/GiB", "per GB as billed"),
            Symbol("gigabytes", "G", "GiB", "GB moved"),
            Symbol("overhead", "O", "money", "labour, licences, energy", default=0),
        ),
        unit="money",
        of=lambda price, quantity, discount, bandwidth_price, gigabytes, overhead: (
            price * quantity * (1 - discount) + bandwidth_price * gigabytes + overhead
        ),
        source="article 000, 4.2: C_x = C_hardware*T_x + C_bandwidth*T_x, each term its own unit",
    ),
    Formula(
        name="resource_cost",
        title="Computing and storage with their coefficients, as article 001 has them",
        says="C = C_C*k1*T + C_S*k2*S",
        symbols=(
            Symbol("computing_price", "C_C", "", "money per unit of computing"),
            Symbol("k1", "k1", "", "billed over theoretical computing", low_is_in=False),
            Symbol("computing", "T", "", "units of computing in theory"),
            Symbol("storage_price", "C_S", "", "money per unit of storage"),
            Symbol("k2", "k2", "", "billed over theoretical storage", low_is_in=False),
            Symbol("storage", "S", "", "units of storage in theory"),
        ),
        unit="money",
        of=lambda computing_price, k1, computing, storage_price, k2, storage: (
            computing_price * k1 * computing + storage_price * k2 * storage
        ),
        source="article 001, 4.2; k = actual quantity / formula quantity",
    ),
)
