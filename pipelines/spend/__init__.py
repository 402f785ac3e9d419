"""What each model version cost: the ledger summed by day and by month, exactly."""

from pipelines.spend.models import model_days, model_months

__all__ = ["model_days", "model_months"]
