"""Costs that are on no cloud bill: machines, electricity, labour, licences, data, from CSV files.

`rows` says which columns the five files have and reads a row or says what is wrong with it;
`accruals` turns a row into what it costs until any day, and a month of it into charges; `totals`
works the month's sum out a second time, without them; `format` hands both to the reader.

Decisions, with their reasons:

- **A row accrues.** Each cost of a row is a function of the day: what has accrued until its start.
  A day is charged the difference of two of its values, each rounded once to 1e-18. So the days add
  up to the months and the months to the row's total, to the last digit, and any month can be
  worked out alone.
- **`until` is the first day that is no longer covered**, as everywhere in modelspend. A row without
  it goes on: it covers every day of whichever month is read, days to come included, because these
  costs do not wait for use.
- **A price per month** is spread over the days of each calendar month (a day of February costs
  more than one of March), a price per year is twelve equal months of it.
- **What is paid once** (a purchase price, a licence or data set for a term) is billed on `paid_on`
  (else `from`) by a Purchase whose EffectiveCost is 0, as FOCUS has it for purchases that cover
  later charges; its days are then billed 0 and carry the cost as EffectiveCost. Interest of capital
  recovery is on nobody's invoice: it is effective only. A residual value is never a cost.
- **ListCost and ContractedCost** are the day's effective cost, and 0 on the purchase: nobody lists
  another price, and the same machine is not listed twice.
- **After its useful life** a machine's hours go on at 0, so that its use can still be measured.
  Sold before (`until` within its life), what is not written off yet is no cost of any model: a
  warning says how much.
- **Availability** reduces the hours a machine can work, not what it costs: its hours are dearer.
- **Energy by formula and by meter** for the same asset on the same day would count it twice: the
  month stops.
"""

from pipelines.billing.owned.format import FORMAT, months_of

__all__ = ["FORMAT", "months_of"]
