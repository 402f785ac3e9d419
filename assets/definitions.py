"""What Dagster loads: `build_definitions` and `defs`, nothing else.

Loads without a settings file; a run without one fails and says so.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets import (
    attribution,
    billing,
    calibrations,
    inference,
    prediction,
    publication,
    registry,
    spend,
    usage,
    variance,
)
from assets.jobs import attribution_job, calibration_job, log_listing_job, registry_pull_job
from assets.resources import AttributionProject
from assets.schedules import monthly_calibration, nightly_attribution, nightly_registry_pull
from assets.sensors import restated_months


def build_definitions(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The whole graph; `resources` replaces the project, as a test or the command does."""
    return dg.Definitions(
        assets=[
            billing.raw_billing__deliveries,
            billing.core_billing,
            inference.raw_inference__log_files,
            inference.core_inference,
            registry.raw_registry__snapshots,
            registry.core_registry,
            attribution.core_attribution,
            attribution.reconciliation,
            spend.out_spend,
            usage.out_usage,
            calibrations.raw_calibration__sets,
            prediction.core_prediction,
            variance.out_variance,
            publication.out_publications,
        ],
        jobs=[attribution_job, log_listing_job, registry_pull_job, calibration_job],
        schedules=[nightly_attribution, nightly_registry_pull, monthly_calibration],
        sensors=[restated_months],
        resources={"project": AttributionProject(), **(resources or {})},
        executor=dg.in_process_executor,
    )


defs = build_definitions()
