import string

import pytest

from app.core.config import Settings
from app.core.signing import Purpose, sign, unsign

pytestmark = pytest.mark.once
SETTINGS = Settings(_env_file=None, environment="test")


def test_a_signature_holds_for_its_purpose_and_its_value_only() -> None:
    signed = sign(SETTINGS, Purpose.BUYER, "college:4200:US")
    assert unsign(SETTINGS, Purpose.BUYER, signed) == "college:4200:US"
    assert unsign(SETTINGS, Purpose.ALERTS, signed) is None
    for changed in ("", ".", "x.y", "college:4200:US", signed[1:], f"{signed}0", f"é{signed}"):
        assert unsign(SETTINGS, Purpose.BUYER, changed) is None


def test_a_signature_has_one_spelling() -> None:
    signed = sign(SETTINGS, Purpose.BUYER, "college:4200:US")
    for letter in string.ascii_letters + string.digits + "-_=":
        if letter != signed[-1]:
            assert unsign(SETTINGS, Purpose.BUYER, signed[:-1] + letter) is None
