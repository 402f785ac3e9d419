"""The work folder of a failed run goes with it: what is in it belongs to no publication."""

import dagster as dg

from assets.month_run import opened


@dg.failure_hook
def remove_work(context: dg.HookContext) -> None:
    """Remove the work of the run whose step failed; the month is run again as a whole."""
    run = opened(context.run_id)
    if run is not None:
        run.close()
