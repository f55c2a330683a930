"""Which license covers a viewer: one pure function over plain facts.

It knows no table and no request, so every case of docs/access.md is a row of a test.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Affiliation(StrEnum):
    """What a viewer is to the institution."""

    MEMBER = "member"
    WALK_IN = "walk_in"


class RefusalReason(StrEnum):
    """Why no license covers a viewer."""

    NO_LICENSE = "no_license"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    SITE = "site"
    AFFILIATION = "affiliation"
    LIMIT = "limit"


# A revoked license is none, nor is one that was replaced.
LICENSE_STATES = frozenset({"scheduled", "active", "suspended", "expired"})
# If several licenses refuse, the first of these reasons is shown: it is closest to access.
_NEAREST_FIRST = (
    RefusalReason.LIMIT,
    RefusalReason.AFFILIATION,
    RefusalReason.SITE,
    RefusalReason.SUSPENDED,
    RefusalReason.NOT_YET,
    RefusalReason.EXPIRED,
    RefusalReason.NO_LICENSE,
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """What is known of a person who wants to watch."""

    institution_id: int
    affiliation: Affiliation = Affiliation.MEMBER
    site: str = ""
    """The name of a site; empty: the person did not prove where they are."""


@dataclass(frozen=True, slots=True)
class LicenseFacts:
    """What a license of one film says about who may watch, and when."""

    number: str
    institution_id: int | None
    starts_on: date
    ends_on: date | None
    """The last day, included; None: no date ends it."""
    state: str
    """As the license's status: only active and scheduled ones, in their dates, let anyone watch."""
    time_zone: str = "UTC"
    sites: frozenset[str] = frozenset()
    """Names; empty: every site of the institution."""
    affiliations: frozenset[Affiliation] = frozenset(Affiliation)
    max_concurrent: int | None = None
    playing: int = 0
    """Plays under this license now, without that of the viewer."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A license lets the viewer watch."""

    license: LicenseFacts


@dataclass(frozen=True, slots=True)
class Refused:
    """No license does."""

    reason: RefusalReason
    license: LicenseFacts | None = None
    """The one that came nearest, if any."""


def decide(viewer: Viewer, licenses: Iterable[LicenseFacts], *, now: datetime) -> Covered | Refused:
    """Return the license that covers the viewer, or why none does.

    Of several, the one that lasts longest covers. Days are those of the licensee's time zone.
    """
    own = [each for each in licenses if each.institution_id == viewer.institution_id]
    judged = [(_find_refusal(viewer, each, now), each) for each in own]
    covering = [each for reason, each in judged if reason is None]
    if covering:
        return Covered(max(covering, key=lambda each: (each.ends_on or date.max, each.number)))
    for wanted in _NEAREST_FIRST:
        for reason, each in sorted(judged, key=lambda pair: pair[1].number):
            if reason is wanted and reason is not RefusalReason.NO_LICENSE:
                return Refused(reason, each)
    return Refused(RefusalReason.NO_LICENSE)


def _find_refusal(viewer: Viewer, facts: LicenseFacts, now: datetime) -> RefusalReason | None:
    """Return why this license does not cover the viewer; None if it does."""
    today = now.astimezone(ZoneInfo(facts.time_zone)).date()
    is_over = facts.ends_on is not None and today > facts.ends_on
    is_full = facts.max_concurrent is not None and facts.playing >= facts.max_concurrent
    # In this order. The worker activates a license a little after midnight, and ends it so: of
    # active and scheduled ones the dates decide.
    checks = (
        (RefusalReason.NO_LICENSE, facts.state not in LICENSE_STATES),
        (RefusalReason.EXPIRED, is_over or facts.state == "expired"),
        (RefusalReason.SUSPENDED, facts.state == "suspended"),
        (RefusalReason.NOT_YET, today < facts.starts_on),
        (RefusalReason.SITE, bool(facts.sites) and viewer.site not in facts.sites),
        (RefusalReason.AFFILIATION, viewer.affiliation not in facts.affiliations),
        (RefusalReason.LIMIT, is_full),
    )
    return next((reason for reason, is_refused in checks if is_refused), None)
