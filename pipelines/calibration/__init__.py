"""What closed months teach a formula: one factor per component, its interval, and when to trust it.

`observations` says what is learnt from, `location` and `coefficients` fit it, `totals` where a bill
cannot be split, `guards` keeps the impossible out, `backtest`, `baselines`, `metrics`, `conformal`
and `acceptance` score a fit on months it did not see, `drift` watches it, `engine` does all of it
in one call, `sets` is what is kept. Pure: nothing here reads a file or a clock. Numbers are floats:
a coefficient is an estimate; money is rounded once, where a prediction becomes an amount.
"""
