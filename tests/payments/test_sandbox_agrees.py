"""The store and the sandbox know the same facts about Stripe; neither imports the other."""

from pathlib import Path

import pytest

from app.core.config import SANDBOX_KEY, SANDBOX_WEBHOOK_SECRET
from app.core.money import DECIMALS
from app.orders import charges
from app.payments.states import EVENT_TYPES
from stripe_sandbox import names
from stripe_sandbox.config import SandboxConfig

pytestmark = pytest.mark.once


def test_sandbox_has_currencies_and_minimums_of_store() -> None:
    assert {code.upper() for code in names.CURRENCIES} >= DECIMALS.keys()
    minimums = {code: names.MIN_CHARGE[code.lower()] for code in charges.MIN_CHARGE}
    assert minimums == charges.MIN_CHARGE


def test_sandbox_sends_event_types_of_store() -> None:
    assert names.EVENT_TYPES >= EVENT_TYPES


def test_sandbox_accepts_keys_of_store() -> None:
    SandboxConfig(
        database=Path("unused.db"),
        public_url="http://127.0.0.1:8010",
        secret_key=SANDBOX_KEY,
        webhook_secret=SANDBOX_WEBHOOK_SECRET,
    )
