"""Bring texts, rights windows and offers to what the seed files say; tell what that changed."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog.models import Film, SeedMark
from app.catalog.parts_models import Version
from app.catalog.seed_schema import SeedError
from app.catalog.seeding import SeedReport
from app.core import clock
from app.core.errors import AppError
from app.offers import (
    license_texts,
    offer_service,
    price_rows,
    queries,
    seed_schema,
    window_service,
)
from app.offers.models import Offer, PriceRow
from app.offers.seed_schema import MAIN_VERSION, OfferSeed, WindowSeed
from app.offers.staff_schemas import OfferPatch, PriceIn, WindowPatch

SEEDER = Actor.operator("reelright seed")
PATCHED = OfferPatch.model_fields.keys() - {"on_sale_from"}


def seed_offers(session: Session, folder: Path) -> SeedReport:
    """Bring texts, windows and offers to what ``folder`` says. Never removes or republishes any.

    A seed that says what it said the last time is passed over, so what staff have changed since
    stays as it is. Offers and windows of films that the catalog lacks are skipped, and reported.

    Raises:
        SeedError: a file cannot be read, or says what the rules refuse; names the file.
    """
    seeding = _Seeding(session)
    for draft in seed_schema.read_license_texts(folder):
        name = f"license_texts/{draft.code}-{draft.version}"
        with _naming(name):
            _, published = license_texts.publish_license_text(session, draft=draft, actor=SEEDER)
        (seeding.report.created if published else seeding.report.unchanged).append(name)
    windows = list(seed_schema.read_windows(folder))
    for window in windows:
        seeding.window(window)
    for offer in seed_schema.read_offers(folder):
        seeding.offer(offer)
    for window in windows:
        seeding.notice(window)
    return seeding.report


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Name the seed in whatever goes wrong with it."""
    try:
        yield
    except AppError as error:
        fields = "; ".join(f"{problem.pointer}: {problem.detail}" for problem in error.errors)
        msg = f"{name}: {error.detail}{f' ({fields})' if fields else ''}"
        raise SeedError(msg) from error


class _Seeding:
    """One run: what the store holds, what was applied before, and the report."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._marks = {mark.name: mark for mark in session.scalars(select(SeedMark))}
        self._main_versions: dict[str, str] = {}
        rows = session.execute(
            select(Film.slug, Version.label)
            .join(Version, Version.film_id == Film.id)
            .order_by(Version.position.desc())
        )
        for slug, label in rows:
            self._main_versions[slug] = label
        self._windows = {
            (row.film.slug, row.right, row.contract_ref): row.ref
            for row in queries.iterate_windows(session)
        }
        self._skus = set(session.scalars(select(Offer.sku)))
        self.report = SeedReport()

    def window(self, seed: WindowSeed) -> None:
        """Add a window, or change it to what its seed says now."""
        draft = seed.window
        name = f"rights_windows/{draft.film}/{draft.right}"
        if draft.film not in self._main_versions:
            self.report.skipped.append(name)
            return
        known = self._windows.get((draft.film, draft.right, draft.contract_ref))
        if not self._is_news(name, draft):
            self.report.unchanged.append(name)
            return
        with _naming(name):
            if known is None:
                row = window_service.add_window(self._session, draft=draft, actor=SEEDER)
                self._windows[draft.film, draft.right, draft.contract_ref] = row.ref
                self.report.created.append(name)
                return
            values = {field: getattr(draft, field) for field in window_service.FIELDS}
            patch = WindowPatch.model_validate(values)
            window_service.change_window(self._session, ref=known, patch=patch, actor=SEEDER)
        self.report.changed.append(name)

    def notice(self, seed: WindowSeed) -> None:
        """Write in what the owner changed since the offers are on sale, once."""
        draft, notice = seed.window, seed.notice
        ref = self._windows.get((draft.film, draft.right, draft.contract_ref))
        name = f"rights_windows/{draft.film}/{draft.right}/notice"
        if notice is None or ref is None:
            return
        if not self._is_news(name, notice):
            self.report.unchanged.append(name)
            return
        values: dict[str, object] = {"may_sublicense_perpetual": notice.may_sublicense_perpetual}
        if notice.ends_in_days is not None:
            values["ends_on"] = clock.today() + timedelta(days=notice.ends_in_days)
        patch = WindowPatch.model_validate(values)
        with _naming(name):
            window_service.change_window(self._session, ref=ref, patch=patch, actor=SEEDER)
        self.report.changed.append(name)

    def offer(self, seed: OfferSeed) -> None:
        """Create an offer with its prices and publish it, or update it from its seed."""
        draft = seed.offer
        name = f"offers/{draft.sku}"
        main = self._main_versions.get(draft.film)
        if main is None:
            self.report.skipped.append(name)
            return
        versions = [main if label == MAIN_VERSION else label for label in draft.versions]
        draft = draft.model_copy(update={"versions": versions})
        if not self._is_news(name, seed):
            self.report.unchanged.append(name)
            return
        with _naming(name):
            if draft.sku in self._skus:
                patch = OfferPatch(**{field: getattr(draft, field) for field in PATCHED})
                offer = offer_service.change_offer(
                    self._session, sku=draft.sku, patch=patch, actor=SEEDER
                )
                self._reprice(offer, seed.prices)
                self.report.changed.append(name)
                return
            made = offer_service.create_offer(self._session, draft=draft, actor=SEEDER)
            self._add(made, seed.prices)
            offer_service.publish(self._session, offer=made, actor=SEEDER)
        self.report.created.append(name)

    def _reprice(self, offer: Offer, wanted: list[PriceIn]) -> None:
        """End the prices that the seed no longer names, and begin the new ones after them.

        A new price begins on the seed's day, or tomorrow, and the old one holds until then.
        """
        today = clock.today()
        named = {_key(draft): draft for draft in wanted}
        current = [row for row in offer.prices if row.valid_to is None or row.valid_to >= today]
        kept = {
            _row_key(row)
            for row in current
            if (draft := named.get(_row_key(row)))
            and (row.valid_from <= today or row.valid_from == _first_day(draft))
        }
        missing = [
            draft.model_copy(update={"valid_from": _first_day(draft)})
            for key, draft in named.items()
            if key not in kept
        ]
        for row in current:
            if row.valid_from > today and _row_key(row) not in kept:
                price_rows.remove_price(self._session, ref=row.ref, actor=SEEDER)
            elif row.valid_to is None and _row_key(row) not in kept:
                coming = [
                    _first_day(draft)
                    for draft in missing
                    if draft.customer_class == row.customer_class
                ]
                last = min(coming) - timedelta(days=1) if coming else today
                price_rows.end_price(self._session, ref=row.ref, valid_to=last, actor=SEEDER)
        if missing:
            self._add(offer, missing)

    def _add(self, offer: Offer, prices: list[PriceIn]) -> None:
        price_rows.add_price_to_offer(
            self._session,
            offer=offer,
            drafts=prices,
            currency=prices[0].price.currency,
            actor=SEEDER,
        )

    def _is_news(self, name: str, seed: BaseModel) -> bool:
        """Whether the seed says something else than when it was last applied; note what it says."""
        digest = hashlib.sha256(seed.model_dump_json().encode()).hexdigest()
        mark = self._marks.get(name)
        if mark is None:
            mark = self._marks[name] = SeedMark(name=name, sha256="")
            self._session.add(mark)
        if mark.sha256 == digest:
            return False
        mark.sha256 = digest
        return True


def _first_day(draft: PriceIn) -> date:
    """Return when a changed price begins: prices of today stay as they are."""
    tomorrow = clock.today() + timedelta(days=1)
    return max(tomorrow, draft.valid_from or tomorrow)


def _key(draft: PriceIn) -> tuple[str, int, int | None, int, str]:
    price = draft.price
    return (
        str(draft.customer_class),
        draft.size_from,
        draft.size_below,
        price.amount,
        price.currency,
    )


def _row_key(row: PriceRow) -> tuple[str, int, int | None, int, str]:
    return (str(row.customer_class), row.size_from, row.size_below, row.amount, row.currency)
