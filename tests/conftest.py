"""Fixtures every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real bills and traces; tests that need it skip where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MODELSPEND_REAL_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real data: set MODELSPEND_REAL_DATA, or put it at {beside}")
    return folder


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of an S3 endpoint over HTTP, with credentials for it in the environment."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_ALLOW_HTTP", "true")
        yield f"http://{host}:{port}"
    server.stop()
