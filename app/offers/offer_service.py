"""Offers: written as drafts, changed, published, withdrawn. Nothing published reaches too far."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import transitions
from app.accounts.actors import Actor
from app.catalog.parts_models import Version
from app.catalog.public_revision import bump
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.offers import queries
from app.offers.bundles import RightsBundle
from app.offers.errors import AlreadyExistsError, OfferStateError, OutsideRightsError
from app.offers.models import LicenseText, Offer
from app.offers.public_changes import record, record_change
from app.offers.staff_schemas import OfferIn, OfferPatch, TextReference
from app.offers.states import OFFER_TRANSITIONS, Delivery, OfferStatus, Refusal
from app.offers.terms import Term
from app.offers.window_service import get_film, rights_gaps

# Which field of the offer a reason of the rights points to.
POINTERS: dict[Refusal, str] = {
    Refusal.RIGHTS_NOT_HELD: "#/territory",
    Refusal.TERM_OUTLASTS_RIGHTS: "#/term",
    Refusal.TERM_TOO_LONG: "#/term",
    Refusal.NOT_PERPETUAL: "#/term",
}


def create_offer(session: Session, *, draft: OfferIn, actor: Actor) -> Offer:
    """Write a new offer, as a draft that no buyer sees.

    Raises:
        InvalidInputError: names the film, version, text or right that does not fit.
        AlreadyExistsError: the SKU is taken, if only by an offer that was withdrawn.
    """
    film = get_film(session, draft.film)
    _refuse_conflicts(draft.rights, draft.delivery, draft.term)
    offer = Offer(
        sku=draft.sku,
        film=film,
        title=draft.title,
        delivery=draft.delivery,
        rights=draft.rights.model_dump(mode="json"),
        term_kind=draft.term.kind,
        term_months=draft.term.months,
        territory=draft.territory,
        license_text=_get_text(session, draft.license_text),
        status=OfferStatus.DRAFT,
        on_sale_from=draft.on_sale_from,
        position=draft.position,
        versions=_get_versions(session, film.id, draft.versions),
        prices=[],
    )
    try:
        with session.begin_nested():
            session.add(offer)
    except IntegrityError as error:
        detail = f"The SKU {draft.sku} is already in use."
        raise AlreadyExistsError(detail) from error
    record(session, offer, "created", actor, after=offer_document(offer))
    return offer


def change_offer(session: Session, *, sku: str, patch: OfferPatch, actor: Actor) -> Offer:
    """Change an offer. What was quoted, ordered or granted before stays as it was.

    Raises:
        NotFoundError: there is no such offer.
        InvalidInputError: a version, text or right does not fit.
        OutsideRightsError: the offer is published, and would now reach outside the rights held.
    """
    offer = queries.get_offer(session, sku, for_change=True)
    before = offer_document(offer)
    for name in patch.model_fields_set & {"title", "delivery", "on_sale_from", "position"}:
        setattr(offer, name, getattr(patch, name))
    if patch.rights is not None:
        offer.rights = patch.rights.model_dump(mode="json")
    if patch.term is not None:
        offer.term_kind, offer.term_months = patch.term.kind, patch.term.months
    if patch.territory is not None:
        offer.territory = patch.territory
    if patch.license_text is not None:
        offer.license_text = _get_text(session, patch.license_text)
    if patch.versions is not None:
        offer.versions = _get_versions(session, offer.film_id, patch.versions)
    _refuse_conflicts(offer.bundle, offer.delivery, offer.term)
    if offer.status is OfferStatus.PUBLISHED:
        ensure_within_rights(session, offer)
    record_change(session, offer, actor, before=before, after=offer_document(offer))
    return offer


def publish_offer(session: Session, *, sku: str, actor: Actor) -> Offer:
    """Publish an offer. Asking twice is no error.

    Raises:
        NotFoundError: there is no such offer.
        OfferStateError: it has no price.
        OutsideRightsError: a license that begins on its first day would reach outside the rights.
    """
    offer = queries.get_offer(session, sku, for_change=True)
    if offer.status is not OfferStatus.PUBLISHED:
        publish(session, offer=offer, actor=actor)
    return offer


def publish(session: Session, *, offer: Offer, actor: Actor) -> None:
    """Publish an offer that the caller has made or locked.

    Raises:
        OfferStateError, OutsideRightsError: as with ``publish_offer``.
    """
    if not offer.prices:
        detail = f"{offer.sku} has no price. Add one, then publish it."
        raise OfferStateError(detail)
    ensure_within_rights(session, offer)
    _transition(session, offer, OfferStatus.PUBLISHED, actor)


def withdraw_offer(session: Session, *, sku: str, actor: Actor) -> Offer:
    """Withdraw an offer. Carts that hold it say so; orders and licenses stay.

    Raises:
        NotFoundError: there is no such offer.
        InvalidTransitionError: it is a draft, and was never on sale.
    """
    offer = queries.get_offer(session, sku, for_change=True)
    _transition(session, offer, OfferStatus.WITHDRAWN, actor)
    return offer


def delete_draft(session: Session, *, sku: str, actor: Actor) -> None:
    """Delete a draft. What was ever on sale is withdrawn instead, and keeps its SKU.

    Raises:
        NotFoundError: there is no such offer.
        OfferStateError: it is no draft.
    """
    offer = queries.get_offer(session, sku, for_change=True)
    if offer.status is not OfferStatus.DRAFT:
        detail = f"{sku} was published, so it can't be deleted. Withdraw it instead."
        raise OfferStateError(detail)
    before = offer_document(offer)
    session.delete(offer)
    session.flush()
    record(session, offer, "discarded", actor, before=before)


def ensure_within_rights(session: Session, offer: Offer) -> None:
    """Refuse an offer that would grant more than we hold, from the first day it can be bought.

    Raises:
        OutsideRightsError: points to the territory or the term, and says where the rights end.
    """
    today = clock.today()
    gaps = rights_gaps(
        offer,
        queries.find_windows_by_film(session, [offer.film_id])[offer.film_id],
        on=max(today, offer.on_sale_from or today),
    )
    if gaps:
        detail = f"{offer.sku} exceeds the rights we hold."
        problems = [FieldProblem(POINTERS[gap.code], gap.words) for gap in gaps]
        raise OutsideRightsError(detail, errors=problems)


def offer_document(offer: Offer) -> dict[str, Any]:
    """Return what an offer says, in plain types, for the audit log and for comparing with seeds."""
    return {
        "film": offer.film.slug,
        "title": offer.title,
        "delivery": str(offer.delivery),
        "versions": [version.label for version in offer.versions],
        "rights": offer.rights,
        "term": offer.term.model_dump(mode="json"),
        "territory": offer.territory,
        "license_text": {"code": offer.license_text.code, "version": offer.license_text.version},
        "on_sale_from": offer.on_sale_from and offer.on_sale_from.isoformat(),
        "position": offer.position,
    }


def _transition(session: Session, offer: Offer, target: OfferStatus, actor: Actor) -> None:
    moved = transitions.transition(
        session,
        offer,
        "status",
        target,
        table=OFFER_TRANSITIONS,
        actor=actor,
        reason="",
        object_type="offer",
        object_ref=offer.sku,
    )
    if moved:
        bump(session, [offer.film_id])


def _refuse_conflicts(rights: RightsBundle, delivery: Delivery, term: Term) -> None:
    misfits = rights.delivery_conflicts(delivery, term)
    if misfits:
        raise InvalidInputError.of(
            *(FieldProblem(f"#/rights/{field}", sentence) for field, sentence in misfits)
        )


def _get_text(session: Session, reference: TextReference) -> LicenseText:
    try:
        return queries.get_license_text(session, reference.code, reference.version)
    except NotFoundError as error:
        raise InvalidInputError.of(FieldProblem("#/license_text", error.detail)) from error


def _get_versions(session: Session, film_id: int, labels: Sequence[str]) -> list[Version]:
    found = {
        version.label: version
        for version in session.scalars(
            select(Version).where(Version.film_id == film_id).order_by(Version.position)
        )
    }
    known = ", ".join(repr(label) for label in found) or "none"
    problems = [
        FieldProblem(f"#/versions/{place}", f"Version “{label}” not found. This film has: {known}.")
        for place, label in enumerate(labels)
        if label not in found
    ]
    if problems:
        raise InvalidInputError.of(*problems)
    return [version for label, version in found.items() if label in labels]
