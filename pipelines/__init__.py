"""How a number is made: pure functions from bills, logs and a catalogue to spend per model version.

The identity everything serves, for each billing month, source, currency and cost basis:

    export total = model_version + model + shared_pool + idle + commitment
                   + overhead + unattributed + not_ai                      (difference exactly 0)

Nothing here knows Dagster, S3, a clock or the environment: a function takes a DuckDB connection,
paths and small frames and returns a relation or a frame. `assets/` decides when and where.

Read downwards: `billing` (what was charged), `inference` (what was used), `prices` (what a provider
lists for it), `registry` (which model version ran where), `attribution` (whose charge it is),
`usage` (whether bill and log tell the same), `spend` (what a model, a unit, an hour cost),
`formulas` (the library), `calibration` (what closed months teach it), `prediction` (what a month
should have cost), `variance` (why the two differ), `review` (how a person sees it).
"""
