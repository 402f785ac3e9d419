"""When and where numbers are made: Dagster, object stores, the lake and the `modelspend` command.

Nothing here computes a value someone could dispute; that is `pipelines/`. An asset reads, calls one
pure function and stages what it returned; `month_run` holds a month together and publishes it.
"""
