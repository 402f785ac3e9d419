"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real bills and traces; tests that need it skip where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MODELSPEND_REAL_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real data: set MODELSPEND_REAL_DATA, or put it at {beside}")
    return folder
