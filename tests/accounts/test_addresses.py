import pytest
from pydantic import ValidationError

from app.accounts.addresses import Address, AddressIn
from app.accounts.regions import region_code, regions

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


def given(country: str, region: str, code: str) -> dict[str, str]:
    return {
        "line1": "1 Main Street",
        "city": "Somewhere",
        "country": country,
        "region": region,
        "postal_code": code,
    }


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("US", ("NY", "10027"), ("NY", "10027")),
        ("US", (" ny ", " 10027-5909 "), ("NY", "10027-5909")),
        ("US", ("New York", "100275909"), ("NY", "10027-5909")),
        ("US", ("dc", "20500 0001"), ("DC", "20500-0001")),
        ("US", ("Virgin Islands", "00802"), ("VI", "00802")),
        ("US", ("AE", "09012"), ("AE", "09012")),
        ("us", ("armed forces pacific", "96306"), ("AP", "96306")),
        ("CA", ("on", "k1a0b1"), ("ON", "K1A 0B1")),
        ("CA", ("Quebec", "H3Z-2Y7"), ("QC", "H3Z 2Y7")),
        ("IE", ("", ""), ("", "")),
        ("DE", ("Sachsen", "04105"), ("Sachsen", "04105")),
        ("GB", ("", "sw1a 1aa"), ("", "sw1a 1aa")),
    ],
)
def test_state_and_code_are_kept_as_their_country_prints_them(
    country: str, typed: tuple[str, str], kept: tuple[str, str]
) -> None:
    address = AddressIn.model_validate(given(country, *typed))

    assert (address.region, address.postal_code) == kept


@pytest.mark.parametrize(
    ("country", "region", "code", "wrong"),
    [
        ("US", "", "", ["region", "postal_code"]),
        ("US", "ON", "10027", ["region"]),
        ("US", "UM", "10027", ["region"]),
        ("US", "NY", "1002", ["postal_code"]),
        ("US", "NY", "10027-59", ["postal_code"]),
        ("US", "NY", "\u0661\u0660\u0660\u0662\u0667", ["postal_code"]),
        ("US", "NY", "K1A 0B1", ["postal_code"]),
        ("CA", "NY", "10027", ["region", "postal_code"]),
        ("CA", "ON", "D1A 0B1", ["postal_code"]),
        ("CA", "ON", "K1A  0B1", ["postal_code"]),
    ],
)
def test_an_address_that_its_post_could_not_sort_names_the_field(
    country: str, region: str, code: str, wrong: list[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        AddressIn.model_validate(given(country, region, code))

    assert [error["loc"] for error in caught.value.errors()] == [(name,) for name in wrong]


def test_what_is_left_out_is_asked_for_unless_the_country_is_wrong_already() -> None:
    short = {"line1": "1 Main Street", "city": "Boston"}
    with pytest.raises(ValidationError) as without:
        AddressIn.model_validate(short | {"country": "US"})
    with pytest.raises(ValidationError) as nowhere:
        AddressIn.model_validate(short | {"country": "XX"})

    assert [(error["loc"], error["msg"]) for error in without.value.errors()] == [
        (
            ("region",),
            "Value error, Enter the two-letter state, like NY.",
        ),
        (
            ("postal_code",),
            "Value error, Enter a ZIP code, like 10027 or 10027-5909.",
        ),
    ]
    assert [error["loc"] for error in nowhere.value.errors()] == [("country",)]


def test_an_address_kept_from_before_can_still_be_read() -> None:
    assert Address.model_validate(given("US", "", "")).lines() == [
        "1 Main Street",
        "Somewhere",
        "United States",
    ]


def test_the_states_are_those_of_the_postal_service() -> None:
    # 50 states, the District of Columbia, five territories, three of the armed forces.
    assert len(regions("US")) == 59
    assert len(regions("CA")) == 13
    assert list(regions("CA")) == [
        "AB", "BC", "MB", "NB", "NL", "NT", "NS", "NU", "ON", "PE", "QC", "SK", "YT",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("country", "typed", "code"),
    [
        ("CA", "Nouveau-Brunswick", "NB"),
        ("CA", "nouveau brunswick", "NB"),
        ("CA", "Québec", "QC"),
        ("CA", "Quebec", "QC"),
        ("CA", "Île-du-Prince-Édouard", "PE"),
        ("CA", "Colombie Britannique", "BC"),
        ("CA", "P.E.I.", "PE"),
        ("CA", "B.C.", "BC"),
        ("US", "N.Y.", "NY"),
        ("US", "Calif.", "CA"),
        ("US", "Californie", "CA"),
        ("US", "Nueva York", "NY"),
        ("US", "Hawai\N{MODIFIER LETTER TURNED COMMA}i", "HI"),
        ("US", "District of Columbia", "DC"),
        ("US", "Washington, D.C.", "DC"),
        ("US", "Puerto Rico", "PR"),
    ],
)
def test_a_state_or_province_is_read_in_several_languages(
    country: str, typed: str, code: str
) -> None:
    assert region_code(country, typed) == code


@pytest.mark.parametrize(("country", "typed"), [("CA", "Calif."), ("US", "Ontario"), ("US", "UM")])
def test_a_place_of_another_country_is_none(country: str, typed: str) -> None:
    assert region_code(country, typed) is None
