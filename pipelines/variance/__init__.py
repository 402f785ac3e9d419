"""Why actual and predicted differ: named variances that add up to the difference exactly."""

from pipelines.variance.comparison import compare, drivers

__all__ = ["compare", "drivers"]
