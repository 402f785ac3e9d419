"""What can be started: a month's whole graph, listing logs, asking registries, calibrating.

A month runs in one process: a step of its own process costs about a second of imports, and the
steps hand each other files, not frames.
"""

import dagster as dg

from assets.cleanup import remove_work

ATTRIBUTION = "attribution"
LOG_LISTING = "log_listing"

REGISTRY_PULL = "registry_pull"
CALIBRATION = "calibration"

log_files = dg.AssetSelection.assets("raw_inference__log_files")
snapshots = dg.AssetSelection.assets("raw_registry__snapshots")
calibrations = dg.AssetSelection.assets("raw_calibration__sets")

attribution_job = dg.define_asset_job(
    ATTRIBUTION,
    selection=dg.AssetSelection.all() - log_files - snapshots - calibrations,
    executor_def=dg.in_process_executor,
    hooks={remove_work},
    description="One billing month from the bills and logs to its publication.",
)

log_listing_job = dg.define_asset_job(
    LOG_LISTING,
    selection=log_files,
    executor_def=dg.in_process_executor,
    description="Which request log files exist for a day. Nothing is read; lineage of the usage.",
)

registry_pull_job = dg.define_asset_job(
    REGISTRY_PULL,
    selection=snapshots,
    executor_def=dg.in_process_executor,
    description="Ask every registry, and keep what it answers where that is new.",
)

calibration_job = dg.define_asset_job(
    CALIBRATION,
    selection=calibrations,
    executor_def=dg.in_process_executor,
    description="Learn the formulas' coefficients of the months that are final by now.",
)
