"""When a month is made again without anybody asking. The decision itself is `pipelines.months`."""

from collections.abc import Iterator

import dagster as dg

from assets.jobs import attribution_job, calibration_job, registry_pull_job
from assets.partitions import FIRST_MONTH
from assets.resources import AttributionProject
from pipelines.months import months_to_refresh


@dg.schedule(job=attribution_job, cron_schedule="30 5 * * *", execution_timezone="UTC")
def nightly_attribution(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """Recompute the months whose bill can still move: the open one, and the last until it settled.

    On the first morning of a month nothing of it is complete, so only the month before runs. A
    month whose inputs are unchanged costs a listing and nothing else.
    """
    for month in months_to_refresh(context.scheduled_execution_time):
        if month >= FIRST_MONTH:
            yield dg.RunRequest(
                partition_key=month, run_key=month, tags={"modelspend/reason": "nightly"}
            )


@dg.schedule(job=registry_pull_job, cron_schedule="30 4 * * *", execution_timezone="UTC")
def nightly_registry_pull(
    context: dg.ScheduleEvaluationContext, project: AttributionProject
) -> dg.RunRequest | dg.SkipReason:
    """Ask the registries before the months are made: they remember what is, not what was."""
    if not any(source.pull for source in project.load().settings.registries):
        return dg.SkipReason("The settings have no [[registries]] to ask.")
    return dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m-%d}")


@dg.schedule(job=calibration_job, cron_schedule="0 5 6 * *", execution_timezone="UTC")
def monthly_calibration(
    context: dg.ScheduleEvaluationContext, project: AttributionProject
) -> dg.RunRequest | dg.SkipReason:
    """Learn of the closed months when the last one's invoice has come; for the month that follows.

    A set predicts only months that begin after it was made, so it need not be there on the first.
    """
    if not project.load().catalogue.formulas:
        return dg.SkipReason("The catalogue has no [[formulas]] to learn of.")
    return dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m}")
