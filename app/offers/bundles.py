"""The rights bundle: what a license lets the licensee do, as data.

Every sentence about rights is made from this record, in ``rights_text.py`` only.
"""

import json
from enum import StrEnum
from functools import lru_cache
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.fields import Flag, Whole
from app.offers.states import DISCS, Delivery, HeldRight
from app.offers.terms import Term, TermKind

# These end with the copy that was delivered.
LIFETIMES = frozenset({TermKind.LIFE_OF_FORMAT, TermKind.LIFE_OF_MEDIA})


class Permission(StrEnum):
    """The three things a license can say of a use; libraries' ERM systems keep the same three."""

    PERMITTED = "permitted"
    PROHIBITED = "prohibited"
    SILENT = "silent"


class Venue(StrEnum):
    """Where a public performance may take place."""

    LICENSEE_PREMISES = "licensee_premises"
    ANYWHERE = "anywhere"


class Audience(StrEnum):
    """Who may attend a screening."""

    LICENSEE_MEMBERS = "licensee_members"
    PUBLIC = "public"


class Admission(StrEnum):
    """Whether admission may be charged; ``share`` owes the distributor a share of ticket sales."""

    NONE = "none"
    ALLOWED = "allowed"
    SHARE = "share"


class VirtualScreening(StrEnum):
    """Whether a performance may be shown online, live."""

    NONE = "none"
    SINGLE = "single"
    UNLIMITED = "unlimited"


class SiteScope(StrEnum):
    """Which places of the licensee one license covers."""

    SINGLE_BUILDING = "single_building"
    UNIFIED_CAMPUS = "unified_campus"
    ALL_SITES = "all_sites"


class UserGroup(StrEnum):
    """Who counts as one of the licensee's users, beside walk-ins, who have their own field."""

    MEMBERS = "members"
    RESEARCHERS = "researchers"
    CONTRACTORS = "contractors"
    ALUMNI = "alumni"


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublicPerformance(_Checked):
    """Public performance rights (PPR), always with their limits. Not included: all at the least."""

    included: Flag
    venue: Venue = Venue.LICENSEE_PREMISES
    audience: Audience = Audience.LICENSEE_MEMBERS
    audience_cap: Whole | None = Field(default=None, ge=1, le=1_000_000)
    screenings: Whole | None = Field(default=None, ge=1, le=1_000)
    admission: Admission = Admission.NONE
    outside_advertising: Flag = False
    virtual: VirtualScreening = VirtualScreening.NONE
    transferable: Flag = Field(default=False, description="Passes to those who borrow the disc")

    @model_validator(mode="after")
    def _nothing_without_the_right(self) -> Self:
        if not self.included and self != PublicPerformance.model_construct(included=False):
            msg = "Public performance is not included, so its details must be empty."
            raise ValueError(msg)
        return self


class DigitalSiteLicense(_Checked):
    """The right to keep the film on the licensee's own secured server (DSL)."""

    included: Flag
    off_site_access: Flag = Field(
        default=False, description="Users may watch from anywhere, once logged in"
    )
    vendor_hosting: Flag = Field(
        default=False, description="A hosting service under contract may keep the file"
    )
    concurrent_users: Whole | None = Field(default=None, ge=1, le=1_000_000)
    downloads: Flag = Field(default=False, description="Users may keep a copy")

    @model_validator(mode="after")
    def _nothing_without_the_right(self) -> Self:
        if not self.included and self != DigitalSiteLicense.model_construct(included=False):
            msg = "The site license is not included, so its details must be empty."
            raise ValueError(msg)
        return self


class RightsBundle(_Checked):
    """All that one license grants, withholds or leaves unsaid. Nothing is implied by absence."""

    ppr: PublicPerformance
    digital_site_license: DigitalSiteLicense
    classroom: Permission
    course_reserves: Permission = Field(description="Course reserves and learning systems")
    distance_learning: Permission
    lending: Permission = Field(description="Lending the disc to the licensee's patrons")
    interlibrary_loan: Permission
    archive_copy: Permission
    format_migration: Permission
    captioning: Permission = Field(description="Adding captions or description for access")
    clips: Permission
    walk_in_users: Permission
    users: tuple[UserGroup, ...] = Field(default=(UserGroup.MEMBERS,), min_length=1)
    sites: SiteScope

    @model_validator(mode="after")
    def _each_group_once(self) -> Self:
        if len(set(self.users)) != len(self.users):
            msg = "Choose each user group once."
            raise ValueError(msg)
        return self

    def rights_needed(self, delivery: Delivery) -> frozenset[HeldRight]:
        """Return what the distributor must hold from the owner to grant this by ``delivery``."""
        needed = set()
        if delivery in DISCS:
            needed.add(HeldRight.DVD)
        if delivery is Delivery.STREAM:
            needed.add(HeldRight.EDU_STREAM)
        if self.digital_site_license.included or delivery is Delivery.FILE:
            needed.add(HeldRight.DSL)
        if self.ppr.included:
            needed.add(HeldRight.PPR)
        return frozenset(needed)

    def delivery_conflicts(self, delivery: Delivery, term: Term) -> list[tuple[str, str]]:
        """Return ``(field, sentence)`` for each right that contradicts the delivery or the term."""
        found = []
        if delivery not in DISCS and self.lending is Permission.PERMITTED:
            found.append(("lending", "Only a disc can be lent."))
        if delivery not in DISCS and self.ppr.transferable:
            found.append(("ppr", "Rights can pass to a borrower only with a disc."))
        if delivery is Delivery.FILE and not self.digital_site_license.included:
            found.append(("digital_site_license", "A file needs a site license."))
        if delivery is Delivery.STREAM and self.digital_site_license.included:
            found.append(
                ("digital_site_license", ("A stream stays on our server. Choose a file instead."))
            )
        if delivery is Delivery.STREAM and self.archive_copy is Permission.PERMITTED:
            found.append(("archive_copy", "A stream has no copy to back up."))
        if self.format_migration is Permission.PERMITTED:
            if delivery is Delivery.STREAM:
                found.append(("format_migration", "A stream has no copy to convert."))
            if term.kind in LIFETIMES:
                sentence = (
                    f"A license for {term.label()} ends when the copy can no longer be played, so "
                    f"it can't allow a conversion."
                )
                found.append(("format_migration", sentence))
        return found


@lru_cache(maxsize=1024)
def parse_bundle(text: str) -> RightsBundle:
    """Return the bundle that ``text`` holds as JSON; most offers share a few of them."""
    return RightsBundle.model_validate(json.loads(text))
