"""What the API tells about licenses."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.licenses.states import LicenseStatus
from app.offers.bundles import RightsBundle
from app.offers.terms import TermKind


class VerificationOut(BaseModel):
    """What anyone may know of a license: nothing about people, nothing about money."""

    number: str = Field(examples=["RL-7K3QF9TD"])
    status: LicenseStatus
    in_force: bool = Field(description="Whether it may be relied upon today")
    statement: str = Field(description="The same in one sentence")
    licensee: str = Field(description="The institution")
    film_title: str
    film_slug: str
    directors: list[str]
    release_year: int | None
    versions: list[str]
    delivery: str
    term: str = Field(examples=["3 years"])
    starts_on: date
    ends_on: date | None = Field(description="The last day; null when no date ends it")
    text_code: str
    text_title: str
    text_version: str
    text_sha256: str = Field(description="Hash of the license text that was agreed")


class RightsSentenceOut(BaseModel):
    """One question of a librarian, and what the license answers."""

    topic: str
    question: str
    answer: str
    short: str
    verdict: Literal["yes", "limited", "no", "unsaid", "fact"]


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
    """For how long it holds."""

    kind: TermKind
    months: int | None
    words: str
    starts_on: date
    ends_on: date | None
    time_zone: str


class CertificateText(BaseModel):
    """The license text that was agreed."""

    code: str
    version: str
    title: str
    sha256: str
    url: str


class CertificateOut(BaseModel):
    """The certificate for machines: the same facts as on the PDF."""

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
