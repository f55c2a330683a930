"""Notices before licenses end: each is sent once, and only the latest of those that are due."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.core import clock
from app.core.config import Settings
from app.core.db import insert_ignore
from app.core.email_content import SenderFacts
from app.core.email_outbox import queue_email
from app.core.signing import Purpose, sign, unsign
from app.institutions.member_models import Member, MemberRole
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.orders.models import Order
from app.renewals.emails import EndingLicense, RenewalNoticeEmail
from app.renewals.models import RenewalNotice
from app.renewals.schedule import LEAD_DAYS, find_due_leads, find_leads

log = logging.getLogger(__name__)
MAX_LICENSES_IN_EMAIL = 25


def send_notices(session: Session, settings: Settings, *, limit: int = 200) -> list[str]:
    """Queue the notices that are due, one email for each recipient; return the licenses' numbers.

    Each notice is recorded in the same transaction, so it is sent once. At most ``limit`` licenses
    go in one call; call again until the answer is empty.
    """
    noticed: list[str] = []
    by_order: dict[str, list[License]] = defaultdict(list)
    for license_ in _find_ending(session):
        if len(noticed) == limit:
            break
        if _record_due(session, license_):
            noticed.append(license_.number)
            by_order[license_.order_number].append(license_)
    orders = session.scalars(select(Order).where(Order.number.in_(by_order))).all()
    by_recipient: dict[tuple[str, str], list[License]] = defaultdict(list)
    senders: dict[tuple[str, str], SenderFacts] = {}
    for order in orders:
        for email in _recipients(session, order):
            by_recipient[email, order.institution] += by_order[order.number]
            senders[email, order.institution] = SenderFacts.model_validate(order.seller)
    for (email, licensee), licenses in by_recipient.items():
        sender = senders[email, licensee]
        for start in range(0, len(licenses), MAX_LICENSES_IN_EMAIL):
            part = licenses[start : start + MAX_LICENSES_IN_EMAIL]
            _queue(session, settings, part, email=email, licensee=licensee, sender=sender)
    return noticed


def renewal_path(settings: Settings, numbers: Sequence[str]) -> str:
    """Return the page on which these licenses are renewed; only its link opens it."""
    return f"/renewals/{sign(settings, Purpose.RENEWALS, '_'.join(numbers))}"


def read_renewal_key(settings: Settings, key: str) -> list[str] | None:
    """Return the numbers of the licenses in a renewal link; None if we did not sign it."""
    numbers = unsign(settings, Purpose.RENEWALS, key)
    return None if numbers is None else numbers.split("_")


def _find_ending(session: Session) -> Sequence[License]:
    """Return active licenses that may have a notice due, and that nobody has renewed."""
    # Where the licensee is, it may be a day later than by UTC.
    tomorrow = clock.today() + timedelta(days=1)
    renewal = aliased(License)
    is_renewed = exists().where(
        renewal.renews == License.number,
        renewal.status.not_in([LicenseStatus.REVOKED, LicenseStatus.REPLACED]),
    )
    has_due_notice = or_(
        *(
            (License.ends_on <= tomorrow + timedelta(days=lead))
            & ~exists().where(
                RenewalNotice.license_id == License.id, RenewalNotice.lead_days == lead
            )
            for lead in LEAD_DAYS
        )
    )
    return session.scalars(
        select(License)
        .where(
            License.status == LicenseStatus.ACTIVE,
            License.ends_on >= tomorrow - timedelta(days=2),
            has_due_notice,
            ~is_renewed,
        )
        .order_by(License.ends_on, License.id)
    ).all()


def _record_due(session: Session, license_: License) -> bool:
    """Record the notices that are due; return whether one is to be sent now."""
    if license_.ends_on is None or not find_leads(license_.starts_on, license_.ends_on):
        return False
    handled = session.scalars(
        select(RenewalNotice.lead_days).where(RenewalNotice.license_id == license_.id)
    ).all()
    due = find_due_leads(
        license_.starts_on,
        license_.ends_on,
        on=clock.today(license_.time_zone),
        handled=handled,
    )
    sent = False
    for lead in due:
        is_latest = lead == due[-1]
        values = {"license_id": license_.id, "lead_days": lead, "sent": is_latest}
        new = insert_ignore(
            session, RenewalNotice, values, index_elements=["license_id", "lead_days"]
        )
        sent = new and is_latest
    return sent


def _recipients(session: Session, order: Order) -> list[str]:
    """Return the buyer's address, and those of the librarians of the institution."""
    addresses = {order.email.lower(): order.email}
    if order.own_institution_id is not None:
        members = session.scalars(
            select(Member).where(Member.institution_id == order.own_institution_id, Member.active)
        )
        for member in members:
            if MemberRole.LIBRARIAN in member.roles:
                addresses.setdefault(member.email, member.email)
    return list(addresses.values())


def _queue(
    session: Session,
    settings: Settings,
    licenses: Sequence[License],
    *,
    email: str,
    licensee: str,
    sender: SenderFacts,
) -> None:
    numbers = [license_.number for license_ in licenses]
    facts = RenewalNoticeEmail(
        licensee=licensee,
        licenses=tuple(
            EndingLicense(
                number=license_.number,
                film_title=license_.film_title,
                offer_title=license_.offer_title,
                ends_on=license_.ends_on,
            )
            for license_ in licenses
            if license_.ends_on is not None
        ),
        url=settings.url(renewal_path(settings, numbers)),
        seller=sender,
    )
    once = f"{email}:{clock.today()}:{numbers[0]}"
    queue_email(session, facts, once=once, reference=licenses[0].order_number, to=email)
