"""A token opens one package for one play until it expires."""

from datetime import timedelta

import pytest

from app.core import clock
from app.core.config import Settings
from app.streaming.media_paths import media_token, read_token

SETTINGS = Settings()


def token(seconds: int = 900, package: str = "pk1") -> str:
    until = clock.now() + timedelta(seconds=seconds)
    return media_token(SETTINGS, package=package, play="pl1", until=until)


def test_token_opens_its_package_until_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    made = token()
    assert read_token(SETTINGS, made, "pk1") == "pl1"
    assert read_token(SETTINGS, made, "pk2") is None
    now = clock.now()
    for later, opens in ((898, True), (901, False)):
        monkeypatch.setattr(clock, "now", lambda later=later: now + timedelta(seconds=later))
        assert (read_token(SETTINGS, made, "pk1") == "pl1") is opens


@pytest.mark.parametrize("package", ["pk1", "pk1.1"])
def test_token_changed_in_any_character_opens_nothing(package: str) -> None:
    made = token(package=package)
    for place, letter in enumerate(made):
        other = made[:place] + ("A" if letter != "A" else "B") + made[place + 1 :]
        assert read_token(SETTINGS, other, package) is None, place
    assert read_token(SETTINGS, "", package) is None
    assert read_token(SETTINGS, "é" * 40, package) is None
