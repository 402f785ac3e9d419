"""What makes a settled month run again: a provider delivering its bill anew."""

import json

import dagster as dg

from assets.deliveries import delivery_identities
from assets.jobs import attribution_job
from assets.partitions import BILLING_MONTHS
from assets.resources import AttributionProject
from pipelines.billing.restatements import detect_restatements


@dg.sensor(job=attribution_job, minimum_interval_seconds=900)
def restated_months(
    context: dg.SensorEvaluationContext, project: AttributionProject
) -> dg.SensorResult | dg.SkipReason:
    """Run a month again whenever the manifest of its bill is new or changed.

    The cursor is {month: identity of its manifests}. Dagster remembers a sensor's run keys for
    ever, so the key holds the identity too: the month alone would drop every later restatement.
    """
    seen = json.loads(context.cursor or "{}")
    loaded = project.load()
    current = delivery_identities(loaded)
    known = [
        month
        for month in BILLING_MONTHS.get_partition_keys()
        if month >= loaded.settings.first_month
    ]
    changed = detect_restatements(seen, current, known)
    if not changed:
        return dg.SkipReason("No bill was delivered anew.")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                partition_key=month,
                run_key=f"{month}:{identity}",
                tags={"modelspend/reason": "restated", "modelspend/delivery": identity[:12]},
            )
            for month, identity in changed.items()
        ],
        cursor=json.dumps(seen | changed, sort_keys=True),
    )
