"""Institutions in the API: what staff send, and what they read."""

import re
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic.config import JsonDict

from app.accounts.addresses import Address, AddressIn, CountryCode
from app.accounts.customers import MAX_SIZE, CustomerClass
from app.core.fields import Whole
from app.core.money import MoneyOut
from app.core.text import TextConstraints, one_line
from app.institutions.identifiers import parse_domain, parse_identifier
from app.institutions.models import IdentifierScheme, SizeSource

MAX_DOMAINS, MAX_IDENTIFIERS, MAX_SITES = 100, 20, 300
MAX_TERMS_DAYS = 365

Name = Annotated[
    str,
    TextConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(one_line),
]
Line = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=200), AfterValidator(one_line)
]
Reason = Annotated[
    str, TextConstraints(strip_whitespace=True, max_length=500), AfterValidator(one_line)
]
Notes = Annotated[str, TextConstraints(strip_whitespace=True, max_length=10_000)]
Domain = Annotated[str, TextConstraints(max_length=300), AfterValidator(parse_domain)]


def _check_zone(zone: str) -> str:
    if not zone:
        return zone
    try:
        return ZoneInfo(zone).key
    except (LookupError, OSError, ValueError) as error:
        msg = "Enter a time zone of the IANA database, like America/New_York."
        raise ValueError(msg) from error


TimeZone = Annotated[str, TextConstraints(strip_whitespace=True, max_length=64)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def _drop_default(schema: JsonDict) -> None:
    """Leave out a default that the schema itself does not allow, such as an empty name."""
    schema.pop("default", None)


class InstitutionIdentifierIn(_Part):
    """A number or code that a list gives to the institution."""

    scheme: IdentifierScheme = Field(examples=["ror"])
    value: Annotated[str, TextConstraints(strip_whitespace=True, min_length=1, max_length=100)] = (
        Field(examples=["https://ror.org/00hj8s172"])
    )

    @field_validator("value")
    @classmethod
    def _normalize(cls, value: str, info: ValidationInfo) -> str:
        scheme = info.data.get("scheme")
        return parse_identifier(scheme, value) if scheme else value


class InstitutionSiteIn(_Part):
    """A campus, branch, or school."""

    name: Name = Field(examples=["Main Library"])
    place: Line = Field(default="", description="City, or what tells it apart")


class InstitutionFields(_Part):
    """What staff keep of an institution."""

    name: Name = Field(
        default="",
        validate_default=False,
        examples=["Example College"],
        json_schema_extra=_drop_default,
    )
    customer_class: CustomerClass = Field(
        default=CustomerClass.COLLEGE, alias="class", examples=["college"]
    )
    size: Whole | None = Field(
        default=None, ge=0, le=MAX_SIZE, description="In the measure of the class"
    )
    size_year: Whole | None = Field(
        default=None, ge=1900, le=2100, description="The year that the size is of"
    )
    size_source: SizeSource = SizeSource.STATED
    country: CountryCode = Field(default="US", examples=["US"])
    time_zone: Annotated[TimeZone, AfterValidator(_check_zone)] = Field(
        default="", description="IANA name; empty: by the address", examples=["America/New_York"]
    )
    billing_address: AddressIn | None = None
    terms_days: Whole | None = Field(
        default=None, ge=0, le=MAX_TERMS_DAYS, description="Null: as in the store's settings"
    )
    credit_limit: MoneyOut | None = Field(
        default=None, description="The most it may owe at a time; null: no limit"
    )
    hold_reason: Reason = Field(
        default="", description="Why new orders on terms are refused; empty: no hold"
    )
    notes: Notes = Field(default="", description="For staff only")
    domains: list[Domain] = Field(
        default_factory=list,
        max_length=MAX_DOMAINS,
        description="Email domains. People with an address there belong to the institution.",
        examples=[["example.edu"]],
    )
    identifiers: list[InstitutionIdentifierIn] = Field(
        default_factory=list, max_length=MAX_IDENTIFIERS
    )
    sites: list[InstitutionSiteIn] = Field(default_factory=list, max_length=MAX_SITES)


class InstitutionIn(InstitutionFields):
    """A new institution."""

    name: Name = Field(examples=["Example College"])
    customer_class: CustomerClass = Field(alias="class", examples=["college"])
    country: CountryCode = Field(examples=["US"])


class InstitutionPatch(InstitutionFields):
    """What to change. What is left out stays; a given list replaces the whole list."""


class InstitutionSummaryOut(BaseModel):
    """One row of the list."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    ref: str = Field(examples=["IN-7K3QF9TD"])
    name: str
    customer_class: CustomerClass = Field(alias="class")
    size: int | None
    country: str
    is_verified: bool
    domains: list[str]


class ClassVerificationOut(BaseModel):
    """Who verified class and size, and when."""

    by: str
    at: datetime


class InstitutionIdentifierOut(BaseModel):
    """A number or code that a list gives to the institution."""

    scheme: IdentifierScheme
    value: str


class InstitutionSiteOut(BaseModel):
    """A campus, branch, or school."""

    name: str
    place: str


class InstitutionOut(BaseModel):
    """An institution, with all that staff keep of it."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    ref: str = Field(examples=["IN-7K3QF9TD"])
    name: str
    customer_class: CustomerClass = Field(alias="class")
    size: int | None
    size_year: int | None
    size_source: SizeSource
    verified: ClassVerificationOut | None = Field(
        description="Null: class and size are as the institution states them"
    )
    country: str
    time_zone: str
    billing_address: Address | None
    terms_days: int | None
    credit_limit: MoneyOut | None
    hold_reason: str
    notes: str
    domains: list[str]
    identifiers: list[InstitutionIdentifierOut]
    sites: list[InstitutionSiteOut]
    merged_from: list[str] = Field(description="Institutions that were merged into this one")
    created_at: datetime
    updated_at: datetime


class MergeInto(_Part):
    """The institution that remains."""

    into: Annotated[str, TextConstraints(strip_whitespace=True, min_length=1, max_length=60)] = (
        Field(description="Its `ref`", examples=["IN-7K3QF9TD"])
    )
    reason: Reason = ""


def _check_issuer(issuer: str) -> str:
    if not re.fullmatch(r"https://[^\s?#]+|http://127\.0\.0\.1:[0-9]+", issuer):
        msg = "Enter the issuer, which starts with https://."
        raise ValueError(msg)
    return issuer


class ProviderIn(_Part):
    """An OpenID Connect provider, and what it gave to this store."""

    issuer: Annotated[
        str,
        TextConstraints(strip_whitespace=True, min_length=1, max_length=300),
        AfterValidator(_check_issuer),
    ] = Field(examples=["https://login.example.edu"])
    client_id: Annotated[str, TextConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    client_secret: Annotated[SecretStr, Field(min_length=1, max_length=500)]


class ProviderOut(BaseModel):
    """An OpenID Connect provider. Its secret is never shown."""

    issuer: str
    client_id: str
