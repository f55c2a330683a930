"""Reading the offers. Functions return rows and change nothing."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.accounts.customers import CustomerClass
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.core.errors import NotFoundError
from app.core.money import Money
from app.core.pagination import PageParams
from app.offers.models import LicenseText, Offer, OfferPriceList, PriceRow, RightsWindow
from app.offers.pricing import PricePoint, SizeBand
from app.offers.states import OfferStatus
from app.offers.window_rules import Window

GENERAL_TERMS = "general-terms"
# Asked for each line of an order: to build them takes longer than to run them.
_WINDOWS_OF_FILMS = (
    select(RightsWindow)
    .where(RightsWindow.film_id.in_(bindparam("film_ids", expanding=True)))
    .order_by(RightsWindow.film_id, RightsWindow.right, RightsWindow.starts_on, RightsWindow.id)
)
_PRICES_OF_OFFERS = select(
    PriceRow.offer_id,
    PriceRow.size_from,
    PriceRow.size_below,
    PriceRow.amount,
    PriceRow.currency,
    PriceRow.valid_from,
    PriceRow.valid_to,
).where(
    PriceRow.offer_id.in_(bindparam("offer_ids", expanding=True)),
    PriceRow.customer_class == bindparam("of_class"),
)


def get_licensable_film(session: Session, slug: str) -> Film:
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
        detail = f"Film “{slug}” not found."
        raise NotFoundError(detail)
    return film


def select_offers(*, of_many: bool = False) -> Select[Offer]:
    """Return a query for offers with all that describes them, in the order they are shown.

    Their prices are left out: of a film's hundreds, an answer to one buyer needs a few. ``of_many``
    takes two queries more, and reads films and texts that offers share only once.
    """
    beside = selectinload if of_many else joinedload
    return (
        select(Offer)
        .options(beside(Offer.film), beside(Offer.license_text), selectinload(Offer.versions))
        .order_by(Offer.film_id, Offer.position, Offer.id)
    )


def load_offers() -> Select[Offer]:
    """Return a query for offers with all that staff see of them, every price included."""
    return select_offers().options(selectinload(Offer.prices))


def find_offers_of_films(
    session: Session, film_ids: Collection[int], *, statuses: Collection[OfferStatus]
) -> Sequence[Offer]:
    """Return the offers of these films that are in one of ``statuses``, as staff see them."""
    return session.scalars(
        load_offers().where(Offer.film_id.in_(film_ids), Offer.status.in_(statuses))
    ).all()


def find_visible_offers(
    session: Session,
    film_ids: Collection[int],
    *,
    statuses: Collection[OfferStatus],
    of_many: bool = False,
) -> Sequence[Offer]:
    """Return the offers of these films that are in one of ``statuses``, without their prices."""
    return session.scalars(
        select_offers(of_many=of_many).where(
            Offer.film_id.in_(film_ids), Offer.status.in_(statuses)
        )
    ).all()


def read_price_points(
    session: Session, offer_ids: Collection[int], customer_class: CustomerClass
) -> dict[int, list[PricePoint]]:
    """Return the prices for one class of these offers, of every day, by offer."""
    found: dict[int, list[PricePoint]] = defaultdict(list)
    wanted = {"offer_ids": list(offer_ids), "of_class": customer_class}
    rows = session.execute(_PRICES_OF_OFFERS, wanted)
    for offer_id, *point in rows:
        found[offer_id].append(_point(customer_class, *point))
    return found


@lru_cache(maxsize=4096)
def _point(  # noqa: PLR0917 - a row's columns in their order
    customer_class: CustomerClass,
    size_from: int,
    size_below: int | None,
    amount: int,
    currency: str,
    valid_from: date,
    valid_to: date | None,
) -> PricePoint:
    """Return a point of a price list; most offers share their lists."""
    return PricePoint(
        customer_class=customer_class,
        band=SizeBand(size_from, size_below),
        amount=Money(amount, currency),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def find_sellable_offers(
    session: Session, film_ids: Collection[int]
) -> Sequence[tuple[Offer, int | None]]:
    """Return the published offers of these films with their films, and the ids of price lists."""
    rows = session.execute(
        select(Offer, OfferPriceList.price_list_id)
        .outerjoin(OfferPriceList, OfferPriceList.offer_id == Offer.id)
        .options(joinedload(Offer.film))
        .where(Offer.film_id.in_(film_ids), Offer.status == OfferStatus.PUBLISHED)
        .order_by(Offer.film_id, Offer.position, Offer.id)
    )
    return [(offer, price_list_id) for offer, price_list_id in rows]


def get_visible_offer(session: Session, sku: str) -> Offer | None:
    """Return an offer that buyers may ask for, without its prices: one that was ever on sale."""
    return session.scalar(_offer_to_answer(), {"wanted": sku})


@cache
def _offer_to_answer() -> Select[Offer]:
    """Return the query of ``get_visible_offer``; building it takes longer than running it."""
    return select_offers().where(
        Offer.sku == bindparam("wanted"), Offer.status != OfferStatus.DRAFT
    )


def get_offer(session: Session, sku: str, *, for_change: bool = False) -> Offer:
    """Return the offer, whatever its status; ``for_change`` locks its row and reads it again.

    Raises:
        NotFoundError: there is none.
    """
    if for_change:
        # By itself, as PostgreSQL locks no outer-joined rows; what is read after it is current.
        session.execute(select(Offer.id).where(Offer.sku == sku).with_for_update())
    offer = session.scalar(
        load_offers().where(Offer.sku == sku).execution_options(populate_existing=for_change)
    )
    if offer is None:
        detail = f"Offer “{sku}” not found."
        raise NotFoundError(detail)
    return offer


def find_offers(
    session: Session,
    page: PageParams,
    *,
    film_slug: str | None,
    status: OfferStatus | None,
) -> Sequence[Offer]:
    """Return up to ``page.limit + 1`` offers by SKU: the extra one tells of a next page."""
    statement = load_offers().order_by(None).order_by(Offer.sku).limit(page.limit + 1)
    if (keys := page.keys(1)) is not None:
        statement = statement.where(Offer.sku > str(keys[0]))
    if film_slug is not None:
        statement = statement.join(Offer.film).where(Film.slug == film_slug)
    if status is not None:
        statement = statement.where(Offer.status == status)
    return session.scalars(statement).all()


def find_windows(session: Session, film_ids: Collection[int]) -> Sequence[RightsWindow]:
    """Return every rights window of these films, oldest first."""
    return session.scalars(_WINDOWS_OF_FILMS, {"film_ids": list(film_ids)}).all()


def find_windows_by_film(session: Session, film_ids: Collection[int]) -> Mapping[int, list[Window]]:
    """Return what the rules need of every rights window, by film; a film without any has none."""
    found: dict[int, list[Window]] = defaultdict(list)
    for row in find_windows(session, film_ids):
        found[row.film_id].append(row.window)
    return found


def iterate_windows(session: Session) -> Sequence[RightsWindow]:
    """Return all rights windows with their films."""
    return session.scalars(select(RightsWindow).options(joinedload(RightsWindow.film))).all()


def get_window(session: Session, ref: str, *, for_change: bool = False) -> RightsWindow:
    """Return the rights window with its film; ``for_change`` locks its row and reads it again.

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
        detail = f"Rights window “{ref}” not found."
        raise NotFoundError(detail)
    return window


def find_windows_page(
    session: Session, page: PageParams, *, film_slug: str | None
) -> Sequence[RightsWindow]:
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


def get_offer_of_price(session: Session, ref: str) -> Offer:
    """Return the offer that has the price row ``ref``, by itself, or raise ``NotFoundError``."""
    offer = session.scalar(
        select(Offer).join(PriceRow, PriceRow.offer_id == Offer.id).where(PriceRow.ref == ref)
    )
    if offer is None:
        detail = f"Price “{ref}” not found."
        raise NotFoundError(detail)
    return offer


def get_license_text(session: Session, code: str, version: str) -> LicenseText:
    """Return one version of a license text, or raise ``NotFoundError``."""
    text = session.scalar(
        select(LicenseText).where(LicenseText.code == code, LicenseText.version == version)
    )
    if text is None:
        detail = f"License text “{code}”, version {version}, not found."
        raise NotFoundError(detail)
    return text


def get_current_text(session: Session, code: str) -> LicenseText:
    """Return the version of a text that was published last, or raise ``NotFoundError``."""
    text = session.scalar(
        select(LicenseText)
        .where(LicenseText.code == code)
        .order_by(LicenseText.published_at.desc(), LicenseText.id.desc())
        .limit(1)
    )
    if text is None:
        detail = f"License text “{code}” not found."
        raise NotFoundError(detail)
    return text


def find_current_texts(session: Session) -> list[LicenseText]:
    """Return the newest version of every text, by code."""
    newest: dict[str, LicenseText] = {}
    for text in session.scalars(
        select(LicenseText).order_by(LicenseText.published_at, LicenseText.id)
    ):
        newest[text.code] = text
    return [newest[code] for code in sorted(newest)]
