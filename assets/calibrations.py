"""What closed months teach, learnt once a month: the coefficients that later months are made of.

No table of the lake: a set is an input of the months after it, kept below `[calibration] path`.
"""

from datetime import UTC, datetime

import dagster as dg

from assets.lake import Lake
from assets.resources import AttributionProject
from assets.steps import Results
from pipelines.errors import CalibrationRefused

SETS = "raw_calibration__sets"

ACCEPTED = dg.AssetCheckSpec(
    "calibration_is_accepted",
    asset=SETS,
    description="The newest calibration beats its baselines, and its intervals hold what they say.",
)


@dg.asset(key=SETS, group_name="calibration", kinds={"s3"}, check_specs=[ACCEPTED])
def raw_calibration__sets(project: AttributionProject) -> Results:
    """Coefficients of the formulas, learnt of the months that are final by now."""
    from assets.calibration.calibrating import calibrate  # noqa: PLC0415 -- scipy takes a second

    loaded = project.load()
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    lake = Lake(loaded.settings.lake, loaded.cache, loaded.base)
    try:
        made = calibrate(loaded, lake, now, now)
    except CalibrationRefused as error:
        yield dg.MaterializeResult(
            metadata={"said": str(error)}, check_results=[_checked(False, [str(error)])]
        )
        return
    found = made.calibration
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(found.id),
        metadata={
            "id": found.id,
            "url": made.url,
            "is_new": made.is_new,
            "coefficients": len(found.coefficients),
            "withheld": len(found.withheld),
            "rejected": len(found.rejected),
            "months": len({one.month for one in found.months}),
        },
        check_results=[_checked(found.is_accepted, [*found.verdict, *made.warnings])],
    )


def _checked(is_accepted: bool, said: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=ACCEPTED.name,
        asset_key=SETS,
        passed=is_accepted,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"verdict": "\n".join(said)},
    )
