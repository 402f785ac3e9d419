"""The ledger of a published month as a FOCUS Cost and Usage dataset, versions 1.3 and 1.4.

What belongs here: which columns a version has (`columns`), what FOCUS demands and a bill does not
say (`services`, `sql/focus/charges.sql`), how the rows are made from the ledger (`dataset`), and
the file with the proof that it holds the month (`files`).

A charge that went whole to one place is an ordinary row, as the provider delivered it; where it
went is in `x_` columns. A charge that was split is replaced by its allocated charges (FOCUS: data
generator-calculated split cost allocation): every dimension and unit price is the origin's, costs
and quantities add up to the origin's exactly, and the ratios of one `x_OriginChargeId` add up to
exactly 1. `AllocatedResourceId` is what got the part (`search-rank/v8`, or `search-rank` where the
version is not known); it is null on parts that no model got (idle, shared pool, unattributed ...).

What FOCUS demands of every row and a bill left empty is derived from that same row (a unit price
from cost and quantity, a SKU price from its SKU), and `x_DerivedColumns` names the accounts, SKUs,
categories, quantities and prices among them; a name or type that only repeats an id or a provider's
own word (`ResourceName`, `BillingAccountType`) is not listed. A savings plan negation that its
covered usage cancelled to zero is no charge in FOCUS and is left out.
"""
