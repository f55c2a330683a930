"""Places that have a country code of their own, however an address writes them."""

import pytest

from app.accounts.addresses import AddressIn
from app.accounts.regions import LICENSED_APART, PARTS, home_country, place_code
from app.licenses.time_zones import time_zone_of
from app.offers.territories import Territory, countries
from tests.offers.tables import table

pytestmark = pytest.mark.once
APART = [(country, code) for country, codes in LICENSED_APART.items() for code in sorted(codes)]
WAYS = [(country, code) for country, codes in PARTS.items() for code in sorted(codes)]


@pytest.mark.parametrize(("country", "part"), WAYS)
def test_a_country_includes_its_parts_and_no_part_its_country(country: str, part: str) -> None:
    assert home_country(part) == country
    assert Territory.parse([country]).contains(part)
    assert Territory.parse([country]).covers(Territory.parse([part]))
    assert Territory.parse([part]).contains(part)
    assert not Territory.parse([part]).contains(country)
    assert not Territory.parse([part]).covers(Territory.parse([country]))


@pytest.mark.parametrize(("country", "part"), [*WAYS, *APART])
def test_a_region_s_code_names_the_place(country: str, part: str) -> None:
    assert place_code(country, part) == part
    assert place_code(country, part.lower()) == part
    assert place_code(part, "") == part
    assert part in countries()


@pytest.mark.parametrize(
    ("country", "region", "place"),
    [
        ("US", "Puerto Rico", "PR"),
        ("US", "NY", "US"),
        ("FR", "La Réunion", "RE"),
        ("FR", "971", "GP"),
        ("FR", "Bretagne", "FR"),
        ("NL", "Curacao", "CW"),
        ("NL", "Curaçao", "CW"),
        ("DK", "Grønland", "GL"),
        ("NO", "Svalbard", "SJ"),
        ("FI", "Åland", "AX"),
        ("GB", "Jersey", "JE"),
        ("AU", "Norfolk Island", "NF"),
        ("CN", "Hong Kong", "HK"),
        ("CN", "SH", "CN"),
        ("ES", "Canarias", "ES"),
        ("US", "GA", "US"),
    ],
)
def test_a_region_s_name_names_the_place(country: str, region: str, place: str) -> None:
    assert place_code(country, region) == place


@pytest.mark.parametrize(("country", "part"), APART)
def test_what_is_licensed_apart_is_no_part(country: str, part: str) -> None:
    assert not Territory.parse([country]).contains(part)


@pytest.mark.parametrize(("country", "part"), [("US", "GU"), ("NL", "AW"), ("FR", "RE")])
def test_both_spellings_have_the_same_days(country: str, part: str) -> None:
    common = {"line1": "1 Library Way", "city": "Town"}
    code = {"postal_code": "96910"} if country == "US" else {}
    written = [
        AddressIn.model_validate(common | {"country": part}),
        AddressIn.model_validate(common | code | {"country": country, "region": part}),
    ]
    assert len({(address.place, time_zone_of(address)) for address in written}) == 1


def test_the_document_lists_the_parts() -> None:
    listed = {row["country"]: frozenset(row["includes"].split()) for row in table("parts")}
    assert listed == PARTS
