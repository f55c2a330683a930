"""A sandbox for each test module that asks, and a receiver for its webhooks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stripe_sandbox.running import Receiver, Sandbox, receiving, running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def sandbox(tmp_path: Path, receiver: Receiver) -> Iterator[Sandbox]:
    with running(tmp_path, receiver) as sandbox:
        yield sandbox
