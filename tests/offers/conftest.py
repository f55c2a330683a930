"""Tests that speak of today keep it, whenever they run."""

from collections.abc import Iterator
from datetime import UTC, datetime, time

import pytest
from time_machine import travel


@pytest.fixture(autouse=True)
def _still_today(request: pytest.FixtureRequest) -> Iterator[None]:
    """Begin each test at noon of the day that its module means by ``TODAY``.

    The module was loaded with all others, perhaps minutes ago: it may be tomorrow by now.
    """
    today = getattr(request.module, "TODAY", None)
    if today is None:
        yield
        return
    with travel(datetime.combine(today, time(12), UTC)):
        yield
