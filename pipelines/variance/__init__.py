"""Why actual and predicted differ: named variances that add up to the difference exactly."""

from pipelines.variance.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
