"""Reading the offers. Functions return rows and change nothing."""

from collections.abc import Collection, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.catalog.kinds import FilmStatus
from app.catalog.models import Film
from app.core.errors import NotFoundError
from app.core.pagination import PageParams
from app.offers.models import LicenseText, Offer, PriceRow, RightsWindow
from app.offers.states import OfferStatus

GENERAL_TERMS = "general-terms"


def film_to_license(session: Session, slug: str) -> Film:
    """Return a published film with its partner links, as a licensing answer needs it.

    Raises:
        NotFoundError: there is none that the public may see.
    """
    film = session.scalar(
        select(Film)
        .options(selectinload(Film.partner_links))
        .where(Film.slug == slug, Film.status == FilmStatus.PUBLISHED)
    )
    if film is None:
        detail = f"no film {slug!r}"
        raise NotFoundError(detail)
    return film


def whole_offers() -> Select[Offer]:
    """Return a query for offers with all that an answer needs, in the order they are shown."""
    return (
        select(Offer)
        .options(
            joinedload(Offer.film),
            joinedload(Offer.license_text),
            selectinload(Offer.versions),
            selectinload(Offer.prices),
        )
        .order_by(Offer.film_id, Offer.position, Offer.id)
    )


def offers_of_films(
    session: Session, film_ids: Collection[int], *, statuses: Collection[OfferStatus]
) -> Sequence[Offer]:
    """Return the offers of these films that are in one of ``statuses``."""
    return session.scalars(
        whole_offers().where(Offer.film_id.in_(film_ids), Offer.status.in_(statuses))
    ).all()


def offer_by_sku(session: Session, sku: str, *, for_change: bool = False) -> Offer:
    """Return the offer, whatever its status; ``for_change`` locks its row and reads it afresh.

    Raises:
        NotFoundError: there is none.
    """
    if for_change:
        # By itself, as PostgreSQL locks no outer-joined rows; what is read after it is current.
        session.execute(select(Offer.id).where(Offer.sku == sku).with_for_update())
    offer = session.scalar(
        whole_offers().where(Offer.sku == sku).execution_options(populate_existing=for_change)
    )
    if offer is None:
        detail = f"no offer {sku!r}"
        raise NotFoundError(detail)
    return offer


def offers(
    session: Session,
    page: PageParams,
    *,
    film_slug: str | None,
    status: OfferStatus | None,
) -> Sequence[Offer]:
    """Return up to ``page.limit + 1`` offers by SKU: the extra one tells of a next page."""
    statement = whole_offers().order_by(None).order_by(Offer.sku).limit(page.limit + 1)
    if (keys := page.keys(1)) is not None:
        statement = statement.where(Offer.sku > str(keys[0]))
    if film_slug is not None:
        statement = statement.join(Offer.film).where(Film.slug == film_slug)
    if status is not None:
        statement = statement.where(Offer.status == status)
    return session.scalars(statement).all()


def windows_of_films(session: Session, film_ids: Collection[int]) -> Sequence[RightsWindow]:
    """Return every rights window of these films, oldest first."""
    return session.scalars(
        select(RightsWindow)
        .where(RightsWindow.film_id.in_(film_ids))
        .order_by(RightsWindow.film_id, RightsWindow.right, RightsWindow.starts_on, RightsWindow.id)
    ).all()


def every_window(session: Session) -> Sequence[RightsWindow]:
    """Return all rights windows with their films."""
    return session.scalars(select(RightsWindow).options(joinedload(RightsWindow.film))).all()


def window_by_ref(session: Session, ref: str, *, for_change: bool = False) -> RightsWindow:
    """Return the rights window with its film; ``for_change`` locks its row and reads it afresh.

    Raises:
        NotFoundError: there is none.
    """
    if for_change:
        session.execute(select(RightsWindow.id).where(RightsWindow.ref == ref).with_for_update())
    window = session.scalar(
        select(RightsWindow)
        .options(joinedload(RightsWindow.film))
        .where(RightsWindow.ref == ref)
        .execution_options(populate_existing=for_change)
    )
    if window is None:
        detail = f"no rights window {ref!r}"
        raise NotFoundError(detail)
    return window


def windows(session: Session, page: PageParams, *, film_slug: str | None) -> Sequence[RightsWindow]:
    """Return up to ``page.limit + 1`` windows, by their public numbers."""
    statement = (
        select(RightsWindow)
        .options(joinedload(RightsWindow.film))
        .order_by(RightsWindow.ref)
        .limit(page.limit + 1)
    )
    if (keys := page.keys(1)) is not None:
        statement = statement.where(RightsWindow.ref > str(keys[0]))
    if film_slug is not None:
        statement = statement.join(RightsWindow.film).where(Film.slug == film_slug)
    return session.scalars(statement).all()


def offer_with_price(session: Session, ref: str) -> Offer:
    """Return the offer that has the price row ``ref``, by itself, or raise ``NotFoundError``."""
    offer = session.scalar(
        select(Offer).join(PriceRow, PriceRow.offer_id == Offer.id).where(PriceRow.ref == ref)
    )
    if offer is None:
        detail = f"no price {ref!r}"
        raise NotFoundError(detail)
    return offer


def license_text(session: Session, code: str, version: str) -> LicenseText:
    """Return one version of a license text, or raise ``NotFoundError``."""
    text = session.scalar(
        select(LicenseText).where(LicenseText.code == code, LicenseText.version == version)
    )
    if text is None:
        detail = f"no license text {code!r} in version {version!r}"
        raise NotFoundError(detail)
    return text


def current_text(session: Session, code: str) -> LicenseText:
    """Return the version of a text that was published last, or raise ``NotFoundError``."""
    text = session.scalar(
        select(LicenseText)
        .where(LicenseText.code == code)
        .order_by(LicenseText.published_at.desc(), LicenseText.id.desc())
        .limit(1)
    )
    if text is None:
        detail = f"no license text {code!r}"
        raise NotFoundError(detail)
    return text


def current_texts(session: Session) -> list[LicenseText]:
    """Return the newest version of every text, by code."""
    newest: dict[str, LicenseText] = {}
    for text in session.scalars(
        select(LicenseText).order_by(LicenseText.published_at, LicenseText.id)
    ):
        newest[text.code] = text
    return [newest[code] for code in sorted(newest)]
