"""Whether named variances add up: evidence, computed from the two tables and from nothing else."""

from typing import Final

import polars as pl

from pipelines.contracts import VARIANCE
from pipelines.variance.decomposition import METHODS

KEY: Final = list(VARIANCE.key)


def terms_that_do_not_add_up(compared: pl.DataFrame, drivers: pl.DataFrame) -> pl.DataFrame:
    """The terms and methods whose variances are not the difference, and variances of no difference.

    `compared`: contract VARIANCE; `drivers`: contract DRIVERS. Columns: the term's key, method,
    difference, and the sum of its variances.
    """
    wanted = (
        compared.filter(pl.col("difference").is_not_null())
        .select(*KEY, "difference")
        .join(pl.DataFrame({"method": list(METHODS)}), how="cross")
    )
    sums = drivers.group_by(*KEY, "method").agg(pl.col("amount").sum().alias("variances"))
    both = wanted.join(sums, on=[*KEY, "method"], how="full", coalesce=True)
    return both.filter(~pl.col("difference").eq_missing(pl.col("variances")))
