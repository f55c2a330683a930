"""A link to an address at an institution's domain, for people without another way in."""

from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.access.emails import AccessEmail
from app.access.logins import TIMEOUT, begin_login, hash_secret
from app.access.models import LoginKind
from app.access.registrations import find_settings
from app.core import clock
from app.core.config import Settings
from app.core.email_content import SenderFacts
from app.core.email_domains import domain_of
from app.core.email_models import OutboxEmail
from app.core.email_outbox import queue_email
from app.institutions.members import find_institution_by_domain
from app.institutions.models import Institution

LINK_PATH = "/access/email/link"
EMAIL_REFERENCE = "access-link"
EMAIL_RETENTION = timedelta(hours=1)


def find_institution_of(session: Session, email: str) -> Institution | None:
    """Return the institution whose people may ask for a link to this address."""
    found = find_institution_by_domain(session, domain_of(email))
    if found is None or not find_settings(session, found).has_email_links:
        return None
    return found


def send_link(
    session: Session, settings: Settings, institution: Institution, *, email: str, target: str
) -> None:
    """Send the link. The address is in the email alone, which is deleted when it is sent."""
    secret = begin_login(session, LoginKind.EMAIL, institution.id, target=target)
    message = AccessEmail(
        store=SenderFacts.of(settings),
        institution=institution.name,
        url=settings.url(f"{LINK_PATH}?{urlencode({'token': secret})}"),
        minutes=int(TIMEOUT.total_seconds() // 60),
    )
    queue_email(session, message, once=hash_secret(secret), reference=EMAIL_REFERENCE, to=email)


def delete_unsent(session: Session) -> None:
    """Delete unsent emails whose link has expired."""
    session.execute(
        delete(OutboxEmail).where(
            OutboxEmail.reference == EMAIL_REFERENCE,
            OutboxEmail.created_at < clock.now() - EMAIL_RETENTION,
        )
    )
