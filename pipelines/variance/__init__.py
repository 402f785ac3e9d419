"""Why actual and predicted differ: named variances that add up to the difference exactly."""

from pipelines.variance.comparison import compare

__all__ = ["compare"]
