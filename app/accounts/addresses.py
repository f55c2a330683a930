"""Postal addresses, as a buyer types them and as an envelope shows them."""

from typing import Annotated

import pycountry
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from app.accounts.regions import RULES, place_code, region_code
from app.core.text import TextConstraints, one_line


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _check_country(code: str) -> str:
    if pycountry.countries.get(alpha_2=code) is None:
        msg = "Enter a two-letter ISO 3166-1 country code, like US."
        raise ValueError(msg)
    return code


CountryCode = Annotated[
    str,
    BeforeValidator(_upper),
    StringConstraints(min_length=2, max_length=2),
    AfterValidator(_check_country),
]
"""ISO 3166-1 alpha-2; lowercase is converted to uppercase."""

_Line = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=120), AfterValidator(one_line)
]
_Required = Annotated[
    str,
    TextConstraints(strip_whitespace=True, min_length=1, max_length=120),
    AfterValidator(one_line),
]


class Address(BaseModel):
    """A billing or shipping address. The name of the addressee is on the order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line1: _Required = Field(description="Street and number", examples=["170 Claremont Avenue"])
    line2: _Line = Field(default="", description="Building, department, or room")
    city: _Required = Field(examples=["New York"])
    # Ahead of the two fields that are read by its rules.
    country: CountryCode = Field(description="ISO 3166-1 alpha-2", examples=["US"])
    region: _Line = Field(
        default="",
        description="State or province; two letters in the US and Canada",
        examples=["NY"],
    )
    postal_code: Annotated[
        str, TextConstraints(strip_whitespace=True, max_length=20), AfterValidator(one_line)
    ] = Field(
        default="",
        description="Postal code; in the US, a ZIP code of 5 or 5+4 digits",
        examples=["10027"],
    )

    @property
    def place(self) -> str:
        """The code of the place where rights are licensed: ``PR`` for the region PR of the US."""
        return place_code(self.country, self.region)

    def lines(self) -> list[str]:
        """Return the address as lines for printing, empty ones left out, the country named last."""
        place = " ".join(part for part in (self.region, self.postal_code) if part)
        town = ", ".join(part for part in (self.city, place) if part)
        country = pycountry.countries.get(alpha_2=self.country)
        name = getattr(country, "common_name", country.name) if country else self.country
        return [line for line in (self.line1, self.line2, town, name) if line]


class AddressIn(Address):
    """An address from a buyer, complete enough for mail in the US and Canada.

    What was kept before this was asked for is still an ``Address``.
    """

    model_config = ConfigDict(validate_default=True)

    @field_validator("region")
    @classmethod
    def _region_of_country(cls, typed: str, info: ValidationInfo) -> str:
        """Return the code of the state or province, which may be typed by name."""
        country = info.data.get("country", "")
        if country not in RULES:
            return typed
        code = region_code(country, typed)
        if code is None:
            raise ValueError(RULES[country].region_wanted)
        return code

    @field_validator("postal_code")
    @classmethod
    def _code_of_country(cls, typed: str, info: ValidationInfo) -> str:
        """Return the code as its country prints it."""
        country = info.data.get("country", "")
        if country not in RULES:
            return typed
        code = RULES[country].code_of(typed)
        if code is None:
            raise ValueError(RULES[country].code_wanted)
        return code
