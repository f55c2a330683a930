"""Fill a store with its sample catalog: films, offers and, for development, demo staff."""

from pathlib import Path

from sqlalchemy.orm import Session

from app.accounts.staff import seed_demo_staff
from app.catalog.seeding import SeedReport, seed_catalog
from app.media.sample_film import attach_sample_film
from app.offers.seeding import seed_offers


def seed_everything(session: Session, folder: Path, *, demo_staff: bool) -> list[SeedReport]:
    """Bring the store to what ``folder`` says and report the changes. Safe to repeat."""
    catalog = seed_catalog(session, folder)
    # Before the offers: a stream is offered only of what can be played.
    films = [f"sample_films/{slug}" for slug in attach_sample_film(session, folder)]
    reports = [catalog, SeedReport(created=films), seed_offers(session, folder)]
    if demo_staff:
        seed_demo_staff(session)
    return reports
