"""What was charged: a provider's export becomes charges under FOCUS 1.3 names, to the last digit.

`deliveries` says which files are a month's bill, `raw_text` turns them into text with line numbers
and proves that no line is lost, `columns` and `amounts` say what the text means, `reader` makes
the tables, `totals` sums the export a second time without looking at them.

Decisions for AWS's Cost and Usage Report, legacy and 2.0, with their reasons:

- **One row per line, and one more for what nothing used of a commitment.** The line of its fee
  (`SavingsPlanRecurringFee`, `RIFee`) is a Purchase, billed and with EffectiveCost 0: the usage it
  covers carries that. The unused part is a row of the same line, Usage with
  CommitmentDiscountStatus Unused, billed 0; its id is the fee's with `-unused`. Both name the line,
  so that a charge can be walked back. A commitment that was used up has no such row.
- **Covered usage and its negation** cancel within plan, hour, usage type, payer and currency; both
  are then billed 0. What does not cancel stays in the bill as a named rest: on one negation of
  the group (`x_LineItemType` SavingsPlanNegation with BilledCost not 0), or on the covered lines
  as billed if the group has no negation. A plan whose month does not cancel to half a cent stops
  the month, unless the source says `unpaired_negations = "keep"`; below that it is the provider's
  own rounding and only counted.
- **Net columns** are the provider's view after private discounts. They are used for BilledCost and
  EffectiveCost if the month's net total agrees with the unblended one to half a cent for every
  payer and currency. A line without a net amount keeps its unblended one; it is never 0.
- **Discount lines** (EDP, private rate, bundled) are ChargeCategory Adjustment: they are no usage,
  no purchase, no tax, and no credit granted after the fact.
- **A refund** keeps the category of what it refunds (Purchase for a plan's one-time fee, else
  Usage) with ChargeClass Correction.
- **An amount that must be there is never guessed**: covered usage without its effective cost, a
  recurring fee without its commitment, stop the month. Only a missing public price does not: the
  line's unblended cost stands in for its ListCost, counted.
- **A charge's id** is a digest of what a line is about (accounts, service, usage type, resource,
  period), not of what it costs, its invoice, its file or AWS's LineItemId, which is neither stable
  nor unique. Lines that agree in all of it are numbered by their content. Instants are compared as
  such: a line keeps its id when a report changes from CSV to Parquet, or from legacy to 2.0.
- **An export of CUR 2.0 has any subset of the columns.** Four must be there: the billing period,
  the line item type, the currency and the unblended cost. What a commitment costs the usage it
  covers, and what of it was used, must be there once the bill has such a line. Everything else may
  be absent: a stand-in is used and counted, or it is said once what the absence hides (the
  operation and parent of container split rows, the reservation a fee may be of).
- **Tags of CUR 2.0** come from the map `tags` where an export has it: it holds the tags of
  resources, accounts, principals and users and the cost categories, under their very names.
  `resource_tags` and `cost_category` stand in for it; their keys have lost case and punctuation
  (`modelVersion` is `model_version`), as in the legacy report's Parquet. Keys are those of the
  legacy CSV: `user:` and `resourceTags/` are dropped, other prefixes kept.
- **The caller** is `lineItem/IamPrincipal`, else `lineItem/UserIdentifier`.
- **The map `discount`** and the blended columns are not read: the money of a discount is in its own
  line or in the net columns.
"""
