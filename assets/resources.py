"""What a Dagster run is given: the project it is for. No connections: a run opens its own."""

import dagster as dg

from assets.month_run import MonthRun, opened
from assets.project import Project


class AttributionProject(dg.ConfigurableResource["AttributionProject"]):
    """The project a run works for.

    `settings_path` may be a plain path or `dg.EnvVar(...)`; empty means `MODELSPEND_SETTINGS`, or
    `modelspend.toml` in the working directory. Nothing is read before a run asks for it.
    """

    settings_path: str = ""

    def load(self) -> Project:
        """The checked settings, catalogue and rules."""
        return Project.load(self.settings_path or None)

    def month_run(self, context: dg.AssetExecutionContext) -> MonthRun:
        """The month this step works on: one and the same for all steps of a Dagster run."""
        run = opened(context.run.run_id)
        return run or MonthRun.resume_or_begin(
            self.load(), context.partition_key, context.run.run_id
        )
