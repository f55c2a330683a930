"""Staff endpoints of the offers: offers, their prices, license texts and rights windows."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.errors import InvalidTransitionError, NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.core import clock
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep
from app.core.money import Money
from app.core.pagination import Page, PageDep
from app.core.request_middleware import SettingsDep
from app.offers import license_texts, offer_service, price_rows, queries, window_service
from app.offers.errors import (
    AlreadyExistsError,
    ImmutableRowError,
    OfferStateError,
    OutsideRightsError,
    PriceOverlapError,
)
from app.offers.models import Offer, RightsWindow
from app.offers.schemas import LicenseTextOut, license_text_out
from app.offers.staff_schemas import (
    SLUG,
    LicenseTextIn,
    OfferIn,
    OfferOut,
    OfferPatch,
    PriceChangeIn,
    PriceEndIn,
    PriceIn,
    PriceOut,
    WindowIn,
    WindowOut,
    WindowPatch,
)
from app.offers.states import OfferStatus

DENIED = (NotAuthenticatedError, ScopeMissingError)
router = APIRouter(prefix="/admin", tags=["staff: offers"], responses=responses(*DENIED))
Editor = Annotated[Actor, Depends(require_scopes(Scope.OFFERS_WRITE))]
SkuPath = Annotated[str, Path(pattern=SLUG, max_length=120, examples=["the-red-soul-dsl-1y"])]
PricePath = Annotated[str, Path(pattern=r"^PR-[0-9A-Z]{8}$", examples=["PR-7K3QF9TD"])]
WindowPath = Annotated[str, Path(pattern=r"^RW-[0-9A-Z]{8}$", examples=["RW-7K3QF9TD"])]
FilmFilter = Annotated[str | None, Query(pattern=SLUG, description="A film's slug")]


@router.get("/offers", summary="List offers")
def list_offers(
    session: ReadSessionDep,
    _editor: Editor,
    page: PageDep,
    film: FilmFilter = None,
    status: Annotated[OfferStatus | None, Query()] = None,
) -> Page[OfferOut]:
    """List offers of every status by SKU."""
    rows = queries.find_offers(session, page, film_slug=film, status=status)
    shown, cursor = page.cut(rows, lambda offer: (offer.sku,))
    return Page(items=_offers_out(session, shown), next=cursor)


@router.post(
    "/offers",
    summary="Create an offer",
    status_code=HTTPStatus.CREATED,
    responses=responses(AlreadyExistsError, InvalidInputError),
)
def post_offer(
    session: SessionDep, editor: Editor, idempotency: IdempotencyDep, draft: OfferIn
) -> OfferOut:
    """Create an offer as a draft. Add prices, then publish it."""

    def work() -> OfferOut:
        return _offer_out(session, offer_service.create_offer(session, draft=draft, actor=editor))

    return idempotency.run_once(session, OfferOut, work)


@router.get("/offers/{sku}", summary="Get an offer", responses=responses(NotFoundError))
def get_offer(session: ReadSessionDep, _editor: Editor, sku: SkuPath) -> OfferOut:
    """Return an offer of any status, with its prices and what prevents its sale."""
    return _offer_out(session, queries.get_offer(session, sku))


@router.patch(
    "/offers/{sku}",
    summary="Change an offer",
    responses=responses(NotFoundError, InvalidInputError, OutsideRightsError),
)
def patch_offer(session: SessionDep, editor: Editor, sku: SkuPath, patch: OfferPatch) -> OfferOut:
    """Update the given fields. Existing orders and licenses do not change."""
    offer = offer_service.change_offer(session, sku=sku, patch=patch, actor=editor)
    return _offer_out(session, offer)


@router.post(
    "/offers/{sku}/publish",
    summary="Publish an offer",
    responses=responses(NotFoundError, OfferStateError, OutsideRightsError),
)
def publish(session: SessionDep, editor: Editor, sku: SkuPath) -> OfferOut:
    """Publish an offer that has a price and does not exceed the rights held."""
    return _offer_out(session, offer_service.publish_offer(session, sku=sku, actor=editor))


@router.post(
    "/offers/{sku}/withdraw",
    summary="Withdraw an offer",
    responses=responses(NotFoundError, InvalidTransitionError),
)
def withdraw(session: SessionDep, editor: Editor, sku: SkuPath) -> OfferOut:
    """Withdraw an offer; it can be published again."""
    return _offer_out(session, offer_service.withdraw_offer(session, sku=sku, actor=editor))


@router.delete(
    "/offers/{sku}",
    summary="Discard a draft",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses(NotFoundError, OfferStateError),
)
def delete_offer(session: SessionDep, editor: Editor, sku: SkuPath) -> None:
    """Delete an offer that was never published."""
    offer_service.delete_draft(session, sku=sku, actor=editor)


@router.post(
    "/offers/{sku}/prices",
    summary="Add a price",
    status_code=HTTPStatus.CREATED,
    responses=responses(NotFoundError, PriceOverlapError, InvalidInputError),
)
def post_price(
    *,
    session: SessionDep,
    editor: Editor,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    sku: SkuPath,
    draft: PriceIn,
) -> PriceOut:
    """Add a price for an institution type and a size range. It can be ended but not changed."""

    def work() -> PriceOut:
        row = price_rows.add_price(
            session, sku=sku, draft=draft, currency=settings.currency, actor=editor
        )
        return PriceOut.of(row)

    return idempotency.run_once(session, PriceOut, work)


@router.post(
    "/prices/{ref}/change",
    summary="Change a price",
    status_code=HTTPStatus.CREATED,
    responses=responses(NotFoundError, ImmutableRowError, PriceOverlapError, InvalidInputError),
)
def change_price(
    *,
    session: SessionDep,
    editor: Editor,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    ref: PricePath,
    change: PriceChangeIn,
) -> PriceOut:
    """End a price and add its successor, from today or a later day, in one step.

    The answer is the new price. The old row keeps its amount and ends the day before.
    """

    def work() -> PriceOut:
        row = price_rows.change_price(
            session,
            ref=ref,
            price=Money(change.price.amount, change.price.currency),
            valid_from=change.valid_from,
            currency=settings.currency,
            actor=editor,
        )
        return PriceOut.of(row)

    return idempotency.run_once(session, PriceOut, work)


@router.post(
    "/prices/{ref}/end",
    summary="End a price",
    responses=responses(NotFoundError, ImmutableRowError, InvalidInputError),
)
def end_price(session: SessionDep, editor: Editor, ref: PricePath, end: PriceEndIn) -> PriceOut:
    """Set the last day of a price."""
    row = price_rows.end_price(session, ref=ref, valid_to=end.valid_to, actor=editor)
    return PriceOut.of(row)


@router.delete(
    "/prices/{ref}",
    summary="Remove a future price",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses(NotFoundError, ImmutableRowError),
)
def delete_price(session: SessionDep, editor: Editor, ref: PricePath) -> None:
    """Remove a price that has not started."""
    price_rows.remove_price(session, ref=ref, actor=editor)


@router.post(
    "/license-texts",
    summary="Publish a license text",
    status_code=HTTPStatus.CREATED,
    responses=responses(AlreadyExistsError),
)
def post_license_text(
    session: SessionDep, editor: Editor, settings: SettingsDep, draft: LicenseTextIn
) -> LicenseTextOut:
    """Publish a version of a license text. Repeating it has no effect."""
    text, _ = license_texts.publish_license_text(session, draft=draft, actor=editor)
    return license_text_out(text, settings)


@router.get("/rights-windows", summary="List rights windows")
def list_rights_windows(
    session: ReadSessionDep, _editor: Editor, page: PageDep, film: FilmFilter = None
) -> Page[WindowOut]:
    """List the rights that owners granted, by reference."""
    rows = queries.find_windows_page(session, page, film_slug=film)
    shown, cursor = page.cut(rows, lambda window: (window.ref,))
    outside = window_service.offers_outside(session, {row.film_id for row in shown})
    return Page(
        items=[WindowOut.of(row, offers_outside=outside.get(row.film_id, [])) for row in shown],
        next=cursor,
    )


@router.post(
    "/rights-windows",
    summary="Add a rights window",
    status_code=HTTPStatus.CREATED,
    responses=responses(AlreadyExistsError, InvalidInputError),
)
def post_rights_window(
    session: SessionDep, editor: Editor, idempotency: IdempotencyDep, draft: WindowIn
) -> WindowOut:
    """Add a right that an owner granted: where, from when to when, how far."""

    def work() -> WindowOut:
        return _window_out(session, window_service.add_window(session, draft=draft, actor=editor))

    return idempotency.run_once(session, WindowOut, work)


@router.get(
    "/rights-windows/{ref}", summary="Get a rights window", responses=responses(NotFoundError)
)
def get_rights_window(session: ReadSessionDep, _editor: Editor, ref: WindowPath) -> WindowOut:
    """Return a rights window, and the published offers that exceed the film's rights."""
    return _window_out(session, queries.get_window(session, ref))


@router.patch(
    "/rights-windows/{ref}",
    summary="Change a rights window",
    responses=responses(NotFoundError, InvalidInputError),
)
def patch_rights_window(
    session: SessionDep, editor: Editor, ref: WindowPath, patch: WindowPatch
) -> WindowOut:
    """Update the given fields. Offers that exceed the rights become unavailable at once."""
    window = window_service.change_window(session, ref=ref, patch=patch, actor=editor)
    return _window_out(session, window)


@router.delete(
    "/rights-windows/{ref}",
    summary="Remove a rights window",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses(NotFoundError),
)
def delete_rights_window(session: SessionDep, editor: Editor, ref: WindowPath) -> None:
    """Remove a rights window. The audit log keeps its details."""
    window_service.remove_window(session, ref=ref, actor=editor)


def _offer_out(session: Session, offer: Offer) -> OfferOut:
    return _offers_out(session, [offer])[0]


def _offers_out(session: Session, offers: Sequence[Offer]) -> list[OfferOut]:
    windows = queries.find_windows_by_film(session, {offer.film_id for offer in offers})
    today = clock.today()
    return [
        OfferOut.of(
            offer,
            outside_rights=[
                gap.words
                for gap in window_service.rights_gaps(offer, windows[offer.film_id], on=today)
            ],
        )
        for offer in offers
    ]


def _window_out(session: Session, window: RightsWindow) -> WindowOut:
    outside = window_service.offers_outside(session, {window.film_id})
    return WindowOut.of(window, offers_outside=outside.get(window.film_id, []))
