"""The demo institution's ways in, all of them at the campus sandbox. Never made in production."""

from sqlalchemy.orm import Session

from app.access.networks import RangeDraft, find_ranges, set_ranges
from app.access.registrations import (
    PlatformDraft,
    SamlDraft,
    SettingsDraft,
    add_platform,
    find_saml,
    set_saml,
    set_settings,
)
from app.accounts.actors import Actor
from app.accounts.customers import CustomerClass
from app.core.config import Settings
from app.institutions.members import find_institution_by_domain
from app.institutions.openid import Provider
from app.institutions.providers import set_provider
from app.institutions.queries import get_institution
from app.institutions.schemas import InstitutionIn
from app.institutions.service import create_institution

# As the campus has them: campus_sandbox/config.py.
DOMAIN, CLIENT_ID, DEPLOYMENT = "example.edu", "reelright", "1"
CLIENT_SECRET = "campus-sandbox-secret"  # noqa: S105 - of a stand-in on this machine
SEEDER = Actor.system("demo")


def seed_demo_access(session: Session, settings: Settings) -> bool:
    """Register the campus sandbox for the demo institution, once. Return whether that was now."""
    if settings.environment == "production" or not settings.campus_port:
        return False
    known = find_institution_by_domain(session, DOMAIN)
    if known is None:
        draft = InstitutionIn(
            name="Example College",
            customer_class=CustomerClass.COLLEGE,
            size=4200,
            country="US",
            domains=[DOMAIN],
        )
        known = create_institution(session, draft, currency=settings.currency, actor=SEEDER)
    institution = get_institution(session, known.ref, for_change=True)
    if find_saml(session, institution) is not None or find_ranges(session, institution):
        return False
    campus = settings.campus_url
    networks = [RangeDraft("127.0.0.1/32"), RangeDraft("::1/128")]
    set_ranges(session, institution, networks, actor=SEEDER)
    others = SettingsDraft(
        proxy_prefix=f"{campus}/proxy/login?url=", contact="the library, library@example.edu"
    )
    set_settings(session, institution, others, actor=SEEDER)
    metadata = f"{campus}/saml/metadata"
    provider = SamlDraft(entity_id=metadata, metadata_url=metadata)
    set_saml(session, settings, institution, provider, actor=SEEDER)
    platform = PlatformDraft(
        campus, CLIENT_ID, [DEPLOYMENT], f"{campus}/lms/authorize", f"{campus}/keys"
    )
    add_platform(session, settings, institution, platform, actor=SEEDER)
    openid = Provider(campus, CLIENT_ID, CLIENT_SECRET)
    set_provider(session, institution, openid, actor=SEEDER)
    return True
