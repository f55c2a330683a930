import pytest
from pydantic import ValidationError

from app.accounts.addresses import Address

pytestmark = pytest.mark.once


def test_lines_leave_out_what_is_empty_and_name_the_country() -> None:
    address = Address(
        line1=" 170 Claremont Avenue ",
        city="New York",
        region="NY",
        postal_code="10027",
        country="us",
    )

    assert address.lines() == ["170 Claremont Avenue", "New York, NY 10027", "United States"]


def test_a_full_address_prints_every_part() -> None:
    address = Address(
        line1="Humboldtstraße 1",
        line2="Bibliothek, Zimmer 4",
        city="Leipzig",
        postal_code="04105",
        country="DE",
    )

    assert address.lines() == [
        "Humboldtstraße 1",
        "Bibliothek, Zimmer 4",
        "Leipzig, 04105",
        "Germany",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("line1", "   "),
        ("line1", "a" * 121),
        ("line1", "first\nBcc: second"),
        ("city", ""),
        ("country", "XX"),
        ("country", "USA"),
        ("country", 7),
        ("postal_code", "1" * 21),
        ("line2", "a\x00b"),
    ],
)
def test_what_no_envelope_could_bear_is_refused(field: str, value: object) -> None:
    given = {"line1": "1 Main Street", "city": "Boston", "country": "US", field: value}

    with pytest.raises(ValidationError) as caught:
        Address.model_validate(given)

    assert caught.value.errors()[0]["loc"] == (field,)


def test_unknown_parts_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Address.model_validate(
            {"line1": "1 Main Street", "city": "Boston", "country": "US", "planet": "Earth"}
        )
