"""Fill a store with its sample catalog: films, offers and, for development, demo staff."""

from pathlib import Path

from sqlalchemy.orm import Session

from app.accounts.staff import seed_demo_staff
from app.catalog.seeding import SeedReport, seed_catalog
from app.offers.seeding import seed_offers


def seed_everything(session: Session, folder: Path, *, demo_staff: bool) -> list[SeedReport]:
    """Bring the store to what ``folder`` says and report the changes. Safe to repeat."""
    reports = [seed_catalog(session, folder), seed_offers(session, folder)]
    if demo_staff:
        seed_demo_staff(session)
    return reports
