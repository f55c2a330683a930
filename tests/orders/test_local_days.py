"""Days of an order are those of the institution, not of UTC."""

from datetime import UTC, datetime

import pytest

from app.orders.models import Order
from app.orders.next_steps import local_day

pytestmark = pytest.mark.once

EVENING_IN_DENVER = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("country", "region", "code", "expected"),
    [
        ("US", "CO", "80202", "November 30, 2026"),
        ("US", "PR", "00901", "November 30, 2026"),
        ("JP", "", "100-0001", "December 1, 2026"),
        ("DE", "", "10117", "December 1, 2026"),
    ],
)
def test_local_date_uses_zone_of_institution(
    country: str, region: str, code: str, expected: str
) -> None:
    billing = {
        "line1": "1 Main Street",
        "city": "Town",
        "region": region,
        "postal_code": code,
        "country": country,
    }
    assert local_day(Order(billing=billing), EVENING_IN_DENVER) == expected
