"""What a month should cost: plans, formulas and calibrations made terms of price x quantity.

`predictions` makes the month's rows of all three kinds: `plan` (the catalogue's plan), `physical`
(formulas of `pipelines.formulas` with the catalogue's inputs, the log's volumes and dated list
prices, in the bill's units) and `calibrated` (physical times the coefficients in force).
"""
