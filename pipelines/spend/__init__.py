"""What each model version cost: the ledger by day and by month, and commitments beside it."""

from pipelines.spend.commitments import commitments
from pipelines.spend.models import model_days, model_months

__all__ = ["commitments", "model_days", "model_months"]
