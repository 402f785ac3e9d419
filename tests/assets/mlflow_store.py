"""Writes a store as MLflow itself writes it, in two states; run as a process of its own.

    python mlflow_store.py FOLDER [URI]

`first.db` is the store after two versions of `rank` (the first is `champion`), `second.db` after
the alias moved on, a third version came and a model was deleted, `third.db` after a run was classed
by a tag; `asked.json` is what MLflow's client answers of the second. In a process of its own:
MLflow's import and first tables take seconds, and its libraries warn of each other. Into another
store (`URI`) only the second state is written.
"""

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient

from assets.registries.mlflow_client import ask


def ms(day: int, hour: int) -> int:
    """An instant of September 2026."""
    return int(datetime(2026, 9, day, hour, tzinfo=UTC).timestamp() * 1000)


def write(folder: Path, uri: str | None = None) -> None:
    store = folder / "mlflow.db"

    def keep(name: str) -> None:
        if store.exists():
            shutil.copy(store, folder / name)

    uri = uri or f"sqlite:///{store}"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = client.create_experiment("ranking", artifact_location="s3://rank-weights/mlruns")

    def run(start: int, end: int, status: str, **tags: str) -> str:
        made = client.create_run(experiment, start_time=ms(2, start), tags=tags, run_name="r")
        client.set_terminated(made.info.run_id, status, end_time=ms(2, end))
        return str(made.info.run_id)

    first = run(20, 21, "FINISHED")
    second = run(0, 2, "FINISHED", sagemaker_training_job_name="rank-v2", notes="a secret")
    run(2, 3, "FAILED", **{"modelspend.resource": "training-job/rank-v2-lost"})
    run(3, 4, "FINISHED", note="a run of nobody's")
    client.create_registered_model("rank", tags={"team": "search"})
    client.create_registered_model("old")
    client.register_prompt("greeting", "Hello {{name}}")  # among the models, and none
    client.create_model_version("rank", "s3://rank-weights/1", first)
    tags = {"base_model": "distil", "parameters": "66000000", "owner": "someone"}
    client.create_model_version("rank", "s3://shared-weights/rank/2", second, tags=tags)
    client.create_model_version("old", "runs:/1/model")
    client.set_registered_model_alias("rank", "champion", "1")
    keep("first.db")

    client.set_registered_model_alias("rank", "champion", "2")
    client.create_model_version("rank", "s3://shared-weights/rank/3")
    client.delete_registered_model("old")
    keep("second.db")
    (folder / "asked.json").write_text(json.dumps(ask("tracking", uri)))

    if not store.exists():
        return
    client.set_tag(second, "modelspend.kind", "training")
    keep("third.db")


if __name__ == "__main__":
    write(Path(sys.argv[1]), *sys.argv[2:])
