"""What moving data costs. It is bought per GB, only a dedicated link per hour.

Egress is priced in blocks over the account's aggregate: what a model pays is its share, by GB, of
what the account pays, so that no model has the cheap blocks to itself. The network between
accelerators is part of their price unless a bill charges for it.
"""

from fractions import Fraction
from typing import Final

from pipelines.formulas.by_row import by_row
from pipelines.formulas.columns import refuse
from pipelines.formulas.formula import Formula, Symbol, Value
from pipelines.formulas.price_blocks import LINE_ROUNDING, added, lines_of

TRANSFER: Final = "AWS data transfer price list: blocks over all accounts of an organisation"
ZONES: Final = "AWS data transfer price list: charged on both sides ($0.01/GB each, from memory)"
NAT: Final = "AWS VPC price list: an hourly rate and a rate per GB processed"
CDN: Final = "price lists of content delivery: delivered GB, and origin GB where the cache misses"
OUT: Final = "bytes of an answer x requests"
PUSH: Final = "each update moves its artefact once to every region or edge unit"


@by_row
def _egress_share(
    gigabytes: Fraction,
    account_gigabytes: Fraction,
    free: Fraction,
    block_1: Fraction,
    price_1: Fraction,
    block_2: Fraction,
    price_2: Fraction,
    block_3: Fraction,
    price_3: Fraction,
    price_4: Fraction,
    line_rounding: Fraction,
) -> Fraction:
    charged = max(account_gigabytes - free, Fraction(0))
    lines = lines_of(charged, (block_1, block_2, block_3), (price_1, price_2, price_3, price_4))
    if gigabytes == 0:
        return Fraction(0)
    return added(lines, line_rounding) * gigabytes / account_gigabytes


def _egress_cost(gigabytes: Value, account_gigabytes: Value, **prices: Value) -> Value:
    refuse(
        "egress_cost",
        lambda own, all_: (
            f"gigabytes (G): {own} are more than the whole account has moved ({all_})"
            if own > all_
            else ""
        ),
        gigabytes,
        account_gigabytes,
    )
    return _egress_share(gigabytes=gigabytes, account_gigabytes=account_gigabytes, **prices)


FORMULAS: Final = (
    Formula(
        name="answer_gigabytes",
        title="GB that answers move out",
        says="G = requests * answer / 2^30",
        symbols=(
            Symbol("requests", "n", "requests", "requests served", measured="requests"),
            Symbol("answer", "answer", "bytes", "mean size of an answer"),
        ),
        unit="GiB",
        of=lambda requests, answer: requests * answer / 2**30,
        source=OUT,
        component="inference",
        element="bandwidth",
    ),
    Formula(
        name="push_gigabytes",
        title="GB that updates move to regions and edge units",
        says="G = f * size * destinations",
        symbols=(
            Symbol("updates", "f", "", "updates in the month"),
            Symbol("size", "size", "GiB", "of the artefact that is moved"),
            Symbol("destinations", "destinations", "", "regions or edge units"),
        ),
        unit="GiB",
        of=lambda updates, size, destinations: updates * size * destinations,
        source=PUSH,
        component="update",
        element="bandwidth",
    ),
    Formula(
        name="egress_cost",
        title="Egress: a share of what the account pays by blocks",
        says="C = G / G_account * sum over blocks of p_k * (G_account - free in block k)",
        symbols=(
            Symbol("gigabytes", "G", "GiB", "what this model moved"),
            Symbol("account_gigabytes", "G_account", "GiB", "what the whole account moved"),
            Symbol("free", "free", "GiB", "free of charge each month (AWS: 100)"),
            Symbol("block_1", "G_1", "GiB", "size of the first block (AWS: 10240)"),
            Symbol("price_1", "p_1", "money/GiB", "its price (AWS: 0.09)"),
            Symbol("block_2", "G_2", "GiB", "size of the second block (AWS: 40960)"),
            Symbol("price_2", "p_2", "money/GiB", "its price (AWS: 0.085)"),
            Symbol("block_3", "G_3", "GiB", "size of the third block (AWS: 102400)"),
            Symbol("price_3", "p_3", "money/GiB", "its price (AWS: 0.07)"),
            Symbol("price_4", "p_4", "money/GiB", "price of all that is above (AWS: 0.05)"),
            LINE_ROUNDING,
        ),
        unit="money",
        of=_egress_cost,
        source=TRANSFER,
        component="inference",
        element="bandwidth",
    ),
    Formula(
        name="cross_zone_cost",
        title="Traffic between availability zones, charged on both sides",
        says="C = G * (p_out + p_in)",
        symbols=(
            Symbol("gigabytes", "G", "GiB", "what crosses from one zone into another"),
            Symbol("price_out", "p_out", "money/GiB", "charged to the side it leaves"),
            Symbol("price_in", "p_in", "money/GiB", "charged to the side it reaches"),
        ),
        unit="money",
        of=lambda gigabytes, price_out, price_in: gigabytes * (price_out + price_in),
        source=ZONES,
        component="inference",
        element="bandwidth",
    ),
    Formula(
        name="nat_cost",
        title="NAT gateways: their hours and the GB they process",
        says="C = gateways * h * p_h + G * p_g",
        symbols=(
            Symbol("gateways", "gateways", "", "number of gateways"),
            Symbol("hours", "h", "h", "hours each of them exists"),
            Symbol("hour_price", "p_h", "money/h", "price of a gateway's hour"),
            Symbol("gigabytes", "G", "GiB", "processed, in either direction"),
            Symbol("price", "p_g", "money/GiB", "price of a GB processed"),
        ),
        unit="money",
        of=lambda gateways, hours, hour_price, gigabytes, price: (
            gateways * hours * hour_price + gigabytes * price
        ),
        source=NAT,
        component="inference",
        element="bandwidth",
    ),
    Formula(
        name="delivery_cost",
        title="Content delivery: delivered GB, and what the cache fetches from the origin",
        says="C = G * p_d + G * (1 - hit) * p_o",
        symbols=(
            Symbol("gigabytes", "G", "GiB", "delivered to users"),
            Symbol("price", "p_d", "money/GiB", "price of a delivered GB"),
            Symbol("hit_share", "hit", "", "share of GB the cache has already", high=1),
            Symbol("origin_price", "p_o", "money/GiB", "price of a GB fetched from the origin"),
        ),
        unit="money",
        of=lambda gigabytes, price, hit_share, origin_price: (
            gigabytes * (price + (1 - hit_share) * origin_price)
        ),
        source=CDN,
        component="inference",
        element="bandwidth",
    ),
    Formula(
        name="link_cost",
        title="A dedicated link: the one bandwidth that is bought by the hour",
        says="C = ports * h * p_h + G * p_g",
        symbols=(
            Symbol("ports", "ports", "", "ports or circuits"),
            Symbol("hours", "h", "h", "hours each of them is held"),
            Symbol("hour_price", "p_h", "money/h", "price of a port's hour"),
            Symbol("gigabytes", "G", "GiB", "moved out over it", default=0),
            Symbol("price", "p_g", "money/GiB", "price of a GB moved out"),
        ),
        unit="money",
        of=lambda ports, hours, hour_price, gigabytes, price: (
            ports * hours * hour_price + gigabytes * price
        ),
        source="price lists of dedicated connections: port-hours and GB out",
        component="inference",
        element="bandwidth",
    ),
)
