"""API schemas of licenses and certificates."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.customers import CustomerClass
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.offers.bundles import RightsBundle
from app.offers.terms import TermKind


class VerificationOut(BaseModel):
    """What anyone may know of a license: nothing about people, nothing about money."""

    number: str = Field(examples=["RL-7K3QF9TD"])
    status: LicenseStatus
    in_force: bool = Field(description="Whether the license is in effect today")
    statement: str = Field(description="The status as a sentence")
    replaced_by: str | None = Field(
        description="The license that corrects this one and is to be used instead"
    )
    licensee: str = Field(description="The institution")
    film_title: str
    film_slug: str
    directors: list[str]
    release_year: int | None
    versions: list[str]
    delivery: str
    term: str = Field(examples=["3 years"])
    starts_on: date
    ends_on: date | None = Field(description="Last day of the term; null when there is no end date")
    text_code: str
    text_title: str
    text_version: str
    text_sha256: str = Field(description="SHA-256 of the accepted license text")


class RightsSentenceOut(BaseModel):
    """One question of a librarian, and what the license answers."""

    topic: str
    question: str
    answer: str
    short: str
    verdict: Literal["yes", "limited", "no", "silent", "fact"]


class CertificateFilm(BaseModel):
    """The film on a certificate."""

    title: str
    slug: str
    original_title: str | None
    directors: list[str]
    release_year: int | None
    versions: list[str]


class CertificateLicensee(BaseModel):
    """Who holds the license."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    name: str
    customer_class: str = Field(alias="class")
    country: str
    sites: list[str]


class CertificateTerm(BaseModel):
    """The term of the license."""

    kind: TermKind
    months: int | None
    words: str
    starts_on: date
    ends_on: date | None
    time_zone: str


class CertificateText(BaseModel):
    """The accepted license text."""

    code: str
    version: str
    title: str
    sha256: str
    url: str


class CertificateOut(BaseModel):
    """The certificate as JSON, with the same facts as the PDF."""

    number: str
    status: LicenseStatus
    licensor: str
    licensor_address: str
    licensee: CertificateLicensee
    film: CertificateFilm
    offer: str
    sku: str
    delivery: str
    quantity: int
    territory: list[str]
    rights: RightsBundle
    rights_text: list[RightsSentenceOut]
    term: CertificateTerm
    license_text: CertificateText
    order_number: str
    po_number: str | None
    granted_on: date
    verification_url: str


class StaffLicenseOut(BaseModel):
    """A license as staff list it."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    number: str = Field(examples=["RL-7K3QF9TD"])
    status: LicenseStatus = Field(description="Status today, in the licensee's time zone")
    licensee: str
    licensee_class: CustomerClass = Field(alias="class")
    country: str
    film_slug: str
    film_title: str
    sku: str
    offer: str
    delivery: str
    quantity: int
    term: str = Field(examples=["3 years"])
    starts_on: date
    ends_on: date | None = Field(description="Last day of the term; null when there is no end date")
    granted_on: date
    order_number: str
    po_number: str | None
    replaces: str | None = Field(description="The license that this one corrects")

    @classmethod
    def of(cls, row: License, *, status: LicenseStatus) -> Self:
        """Return the license in its API shape."""
        return cls(
            number=row.number,
            status=status,
            licensee=row.licensee,
            licensee_class=row.licensee_class,
            country=row.country,
            film_slug=row.film_slug,
            film_title=row.film_title,
            sku=row.sku,
            offer=row.offer_title,
            delivery=row.delivery,
            quantity=row.quantity,
            term=row.term_words,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            granted_on=row.granted_on,
            order_number=row.order_number,
            po_number=row.po_number,
            replaces=row.replaces,
        )
