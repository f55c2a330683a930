"""The life of a license: its grant, once per order line, and each later change of its status."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload, load_only

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.customers import CustomerClass
from app.accounts.transitions import transition
from app.catalog.models import Film
from app.catalog.parts_models import Credit, Person
from app.core import clock
from app.core.db import insert_new
from app.core.errors import ConflictError
from app.core.numbers import new_number, new_token
from app.licenses.entitlements import create_entitlements
from app.licenses.models import License
from app.licenses.states import LICENSE_TRANSITIONS, LicenseStatus
from app.offers.bundles import RightsBundle
from app.offers.licensing import find_grant_refusals
from app.offers.states import Delivery, Refusal
from app.offers.terms import Term
from app.offers.territories import Territory
from app.offers.window_rules import Reason, format_day

__all__ = [
    "LicenseGrant",
    "RightsNotHeldError",
    "change_status",
    "expire_due",
    "grant",
    "reinstate",
    "revoke",
    "start_due",
    "status_by_date",
    "suspend",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LicenseGrant:
    """The facts of a license. ``snapshot`` is the order line's ``OfferAnswer.snapshot()``.

    ``starts_on`` and ``ends_on`` are days that were agreed; None is today, and the term's own end.
    ``renews`` is the number of a license that it follows.
    """

    granted_for: str
    licensee: str
    licensee_class: CustomerClass
    country: str
    time_zone: str
    licensor: str
    licensor_address: str
    film_id: int
    snapshot: Mapping[str, Any]
    quantity: int
    order_number: str
    po_number: str | None
    sites: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    renews: str | None = None


def grant(session: Session, facts: LicenseGrant, *, actor: Actor, reason: str) -> License:
    """Grant the license once for ``granted_for``; return the same one if repeated.

    It starts today, by the licensee's calendar, or on a later day that was agreed. The rights held
    now are checked now: an order may have waited for its payment while they ended.

    Raises:
        RightsNotHeldError: no rights window covers the whole license; nothing was granted.
    """
    today = clock.today(facts.time_zone)
    starts_on = max(today, facts.starts_on or today)
    term = Term(kind=facts.snapshot["term"]["kind"], months=facts.snapshot["term"]["months"])
    bundle = RightsBundle.model_validate(facts.snapshot["rights"])
    refusals = find_grant_refusals(
        session,
        film_id=facts.film_id,
        needed=bundle.rights_needed(Delivery(facts.snapshot["delivery"])),
        territory=Territory(frozenset({facts.country})),
        term=term,
        starts_on=starts_on,
        ends_on=facts.ends_on,
    )
    if facts.ends_on is not None and facts.ends_on < starts_on:
        refusals = [Reason(Refusal.TERM_OUTLASTS_RIGHTS, _ended_before_grant(facts.ends_on))]
    if refusals:
        granted = _find_granted(session, facts.granted_for)
        if granted is None:
            raise RightsNotHeldError(" ".join(refusal.words for refusal in refusals))
        return granted
    values = _values(session, facts, term, starts_on, granted_on=today)
    while (created := insert_new(session, License, values)) is None:
        granted = _find_granted(session, facts.granted_for)
        if granted is not None:
            return granted
        values["number"] = new_number("RL")  # another license has it
    create_entitlements(session, created)
    audit.record(
        session,
        actor=actor,
        action="license.granted",
        object_type="license",
        object_ref=created.number,
        after={
            "licensee": created.licensee,
            "film": created.film_slug,
            "order": created.order_number,
        },
        reason=reason,
    )
    log.info("license.granted", extra={"license": created.number, "for": created.granted_for})
    return created


def revoke(session: Session, license_: License, *, actor: Actor, reason: str) -> bool:
    """End a license before its time, as when it was refunded. Return whether this call did.

    A license that has expired, or that another replaces, does not change.
    """
    if license_.status in {LicenseStatus.EXPIRED, LicenseStatus.REPLACED}:
        return False
    return change_status(session, license_, LicenseStatus.REVOKED, actor=actor, reason=reason)


def suspend(session: Session, license_: License, *, actor: Actor, reason: str) -> bool:
    """Put a license on hold, as when its payment was taken back. Return whether this call did."""
    if license_.status not in {LicenseStatus.SCHEDULED, LicenseStatus.ACTIVE}:
        return False
    return change_status(session, license_, LicenseStatus.SUSPENDED, actor=actor, reason=reason)


def reinstate(session: Session, license_: License, *, actor: Actor, reason: str) -> bool:
    """Reinstate a suspended or revoked license. Return whether this call did.

    One whose last day has passed becomes expired instead, and one that has not begun scheduled.
    """
    if license_.status not in {LicenseStatus.SUSPENDED, LicenseStatus.REVOKED}:
        return False
    target = status_by_date(license_.starts_on, license_.ends_on, clock.today(license_.time_zone))
    return change_status(session, license_, target, actor=actor, reason=reason)


def status_by_date(starts_on: date, ends_on: date | None, today: date) -> LicenseStatus:
    """Return the status that the days of a license give it, if nothing else stands against it."""
    if ends_on is not None and ends_on < today:
        return LicenseStatus.EXPIRED
    return LicenseStatus.SCHEDULED if starts_on > today else LicenseStatus.ACTIVE


def start_due(session: Session, *, limit: int = 500) -> list[str]:
    """Start scheduled licenses whose first day has come where the licensee is.

    Return their numbers. At most ``limit`` go in one call; call again until the answer is empty.
    """
    # The first day comes east of UTC up to fourteen hours earlier.
    tomorrow = clock.today() + timedelta(days=1)
    due = session.scalars(
        select(License)
        .where(License.status == LicenseStatus.SCHEDULED, License.starts_on <= tomorrow)
        .order_by(License.starts_on, License.id)
    )
    actor = Actor.system("start licenses")
    started: list[str] = []
    for license_ in due:
        if license_.starts_on > clock.today(license_.time_zone):
            continue
        reason = f"Its first day is {license_.starts_on}"
        if change_status(session, license_, LicenseStatus.ACTIVE, actor=actor, reason=reason):
            started.append(license_.number)
        if len(started) == limit:
            break
    return started


def expire_due(session: Session, *, on: date | None = None, limit: int = 500) -> list[str]:
    """Expire licenses whose last day has ended where the licensee is; return their numbers.

    ``on`` is today by UTC. Licenses that ended two days ago have ended everywhere; of
    those that ended yesterday or today the licensee's own zone decides. At most ``limit`` go in
    one call, so that a transaction stays short; call again until the answer is empty.
    """
    today = on or clock.today()
    due = session.scalars(
        select(License)
        .where(
            License.status.in_([LicenseStatus.ACTIVE, LicenseStatus.SUSPENDED]),
            License.ends_on <= today,
        )
        .order_by(License.ends_on, License.id)
        .limit(limit)
    ).all()
    actor = Actor.system("expire licenses")
    expired = []
    for license_ in due:
        ends_on = license_.ends_on
        here = clock.today(license_.time_zone) if on is None else today
        if ends_on is None or not (ends_on < here or ends_on < today - timedelta(days=1)):
            continue
        reason = f"Its last day was {ends_on}"
        if change_status(session, license_, LicenseStatus.EXPIRED, actor=actor, reason=reason):
            expired.append(license_.number)
    return expired


def _find_granted(session: Session, granted_for: str) -> License | None:
    return session.scalar(select(License).where(License.granted_for == granted_for))


def _ended_before_grant(ends_on: date) -> str:
    return f"The license was agreed to end on {format_day(ends_on)}, before it could begin."


def _values(
    session: Session, facts: LicenseGrant, term: Term, starts_on: date, *, granted_on: date
) -> dict[str, Any]:
    snapshot = facts.snapshot
    text = snapshot["license_text"]
    return {
        "number": new_number("RL"),
        "granted_for": facts.granted_for,
        "access_token": new_token(),
        "renews": facts.renews,
        "status": LicenseStatus.SCHEDULED if starts_on > granted_on else LicenseStatus.ACTIVE,
        "licensee": facts.licensee,
        "licensee_class": facts.licensee_class,
        "country": facts.country,
        "time_zone": facts.time_zone,
        "sites": list(facts.sites),
        "licensor": facts.licensor,
        "licensor_address": facts.licensor_address,
        "sku": snapshot["sku"],
        "offer_title": snapshot["title"],
        "film_id": facts.film_id,
        "film_slug": snapshot["film"]["slug"],
        "film_title": snapshot["film"]["title"],
        "film_facts": _film_facts(session, facts.film_id),
        "delivery": snapshot["delivery"],
        "version_labels": list(snapshot["versions"]),
        "quantity": facts.quantity,
        "territory": list(snapshot["territory"]),
        "rights": dict(snapshot["rights"]),
        "rights_text": [dict(sentence) for sentence in snapshot["rights_text"]],
        "term_kind": term.kind,
        "term_months": term.months,
        "term_words": term.label(),
        "starts_on": starts_on,
        "ends_on": facts.ends_on or term.end_date(starts_on),
        "text_code": text["code"],
        "text_version": text["version"],
        "text_title": text["title"],
        "text_sha256": text["sha256"],
        "order_number": facts.order_number,
        "po_number": facts.po_number,
        "granted_on": granted_on,
    }


def _film_facts(session: Session, film_id: int) -> dict[str, Any]:
    """Return the facts that distinguish this film from others of the same title."""
    film = session.scalars(_film_with_facts(), {"film_id": film_id}).unique().one()
    return {
        "directors": film.directors,
        "release_year": film.release_year,
        "original_title": film.original_title,
    }


@cache
def _film_with_facts() -> Select[Film]:
    """Return the query of ``_film_facts``; building it takes longer than running it."""
    return (
        select(Film)
        .where(Film.id == bindparam("film_id"))
        .options(
            load_only(Film.release_year, Film.original_title),
            joinedload(Film.credits).joinedload(Credit.person).load_only(Person.name),
        )
    )


def change_status(
    session: Session, license_: License, target: LicenseStatus, *, actor: Actor, reason: str
) -> bool:
    """Change the status by one conditional UPDATE, with its audit entry; return whether it did."""
    return transition(
        session,
        license_,
        "status",
        target,
        table=LICENSE_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type="license",
        object_ref=license_.number,
    )


class RightsNotHeldError(ConflictError):
    """The distributor no longer holds the rights that this license would grant."""

    type = "rights-not-held"
    title = "Rights not held"
