from zoneinfo import available_timezones

import pytest

from app.accounts.addresses import Address
from app.licenses import time_zones

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("country", "region", "zone"),
    [
        ("US", "NY", "America/New_York"),
        ("US", " ca ", "America/Los_Angeles"),
        ("US", "somewhere", "America/New_York"),
        ("CA", "BC", "America/Vancouver"),
        ("DE", "", "Europe/Berlin"),
        ("NL", "", "Europe/Amsterdam"),
        ("JP", "", "Asia/Tokyo"),
        ("AQ", "", "UTC"),
    ],
)
def test_time_zone_of_address(country: str, region: str, zone: str) -> None:
    address = Address(line1="1 Street", city="City", region=region, country=country)

    assert time_zones.time_zone_of(address) == zone


def test_every_zone_in_tables_exists() -> None:
    named = {
        *time_zones._BY_STATE.values(),  # noqa: SLF001 - the table itself is what is checked
        *time_zones._BY_COUNTRY.values(),  # noqa: SLF001
        *time_zones._only_zones().values(),  # noqa: SLF001
    }
    assert named <= available_timezones()
