"""A lake on disk and on an S3 endpoint, and runs of it in processes that race and are killed."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
from golden_project import MONTH, OVER, PublishedOnce, write_golden

from assets.engine import StepEvent, run_month
from assets.lake import Lake
from assets.project import Project
from pipelines.settings import LakeSettings, Storage

ROOT = Path(__file__).resolve().parents[2]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture(scope="session")
def lake_endpoint() -> Iterator[str]:
    """An S3 endpoint whose conditional writes are atomic; credentials are in the environment."""
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "assets" / "s3_server.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server, pytest.MonkeyPatch.context() as environment:
        environment.delenv("AWS_PROFILE", raising=False)
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        assert server.stdout
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.kill()


@pytest.fixture(scope="session")
def golden_once(tmp_path_factory: pytest.TempPathFactory) -> PublishedOnce:
    """The golden month, over and published: made once for all files of tests, changed by none."""
    settings = write_golden(tmp_path_factory.mktemp("golden") / "shop")
    events: list[StepEvent] = []
    outcome = run_month(Project.load(settings), MONTH, events.append, now=OVER)
    return PublishedOnce(settings.parent, outcome, tuple(events))


@pytest.fixture(scope="session")
def golden_settings(golden_once: PublishedOnce) -> Path:
    """The settings of that project, for tests that only read."""
    return golden_once.folder / "modelspend.toml"


@dataclass
class LakeHome:
    """A place for a lake, and what a process needs to open it."""

    settings: LakeSettings
    base: Path
    cache: Path
    opened: Lake = field(init=False)

    def __post_init__(self) -> None:
        self.opened = self.open()

    @property
    def is_remote(self) -> bool:
        return self.settings.path.startswith("s3://")

    def open(self) -> Lake:
        return Lake(self.settings, self.cache, self.base)


@pytest.fixture(params=["local", "s3"])
def lake_home(request: pytest.FixtureRequest, tmp_path: Path) -> LakeHome:
    """An empty lake: in a folder with a space in its name, and below a prefix of a bucket."""
    if request.param == "local":
        return LakeHome(LakeSettings(path="the lake"), tmp_path, tmp_path / "cache")
    endpoint = request.getfixturevalue("lake_endpoint")
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket=bucket)
    storage = Storage(endpoint_url=endpoint, region="us-east-1")
    return LakeHome(
        LakeSettings(path=f"s3://{bucket}/fin/ops", storage=storage), tmp_path, tmp_path / "cache"
    )


class Writers:
    """Runs in processes of their own, started in milliseconds by a fork server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.server = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "assets" / "lake_writer.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def start(self, home: LakeHome, month: str, value: int, **more: object) -> "Writer":
        self.count += 1
        result = self.folder / f"result-{self.count}"
        job = {
            "settings": home.settings.model_dump(),
            "base": str(home.base),
            "cache": str(home.cache),
            "month": month,
            "value": value,
            "run_id": f"run-{self.count}",
            "result": str(result),
            **more,
        }
        assert self.server.stdin and self.server.stdout
        self.server.stdin.write(json.dumps(job) + "\n")
        self.server.stdin.flush()
        return Writer(int(self.server.stdout.readline()), result)


@dataclass
class Writer:
    """One such process."""

    pid: int
    result: Path

    def outcome(self, seconds: float = 60) -> str:
        wait_for(self.result, seconds)
        return self.result.read_text(encoding="utf-8")

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def wait_for(path: Path, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path.name} did not appear in {seconds} s"
        time.sleep(0.005)


@pytest.fixture(scope="session")
def writers(lake_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writers]:
    """The fork server; it knows the credentials of the S3 endpoint."""
    found = Writers(tmp_path_factory.mktemp("writers"))
    yield found
    found.server.terminate()
    found.server.communicate()


@pytest.fixture(autouse=True)
def _tables_are_as_wide_as_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have set the width of a terminal."""
    monkeypatch.delenv("COLUMNS", raising=False)
