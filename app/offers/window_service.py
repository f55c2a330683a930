"""The rights that we hold: writing down what owners granted, and what that leaves outside."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog.models import Film
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError
from app.core.numbers import new_number
from app.offers import queries
from app.offers.errors import AlreadyExistsError
from app.offers.models import Offer, RightsWindow
from app.offers.public_changes import record, record_change
from app.offers.staff_schemas import WindowIn, WindowPatch
from app.offers.states import OfferStatus
from app.offers.territories import Territory
from app.offers.window_rules import Reason, Window, find_rights_refusals

FIELDS = (
    "owner",
    "territory",
    "starts_on",
    "ends_on",
    "max_term_months",
    "may_sublicense_perpetual",
    "royalty_bp",
)

WINDOW_FIELDS = frozenset(
    {"territory", "starts_on", "ends_on", "max_term_months", "may_sublicense_perpetual"}
)


def rights_gaps(offer: Offer, windows: Sequence[Window], *, on: date) -> list[Reason]:
    """Return why a license of ``offer`` that begins on that day would reach outside the rights.

    ``windows`` are those of the offer's film. The license is for the offer's whole territory.
    """
    return find_rights_refusals(
        windows,
        needed=offer.bundle.rights_needed(offer.delivery),
        territory=offer.sale_territory,
        term=offer.term,
        starts_on=on,
    )


def offers_outside(session: Session, film_ids: Collection[int]) -> dict[int, list[str]]:
    """Return, by film, the SKUs of published offers that our rights no longer reach today."""
    windows = queries.find_windows_by_film(session, film_ids)
    found: dict[int, list[str]] = defaultdict(list)
    today = clock.today()
    published = queries.find_visible_offers(session, film_ids, statuses=[OfferStatus.PUBLISHED])
    for offer in published:
        if rights_gaps(offer, windows[offer.film_id], on=today):
            found[offer.film_id].append(offer.sku)
    return found


def offers_broken_by(
    session: Session, window: RightsWindow, patch: WindowPatch | None
) -> list[tuple[Offer, list[Reason]]]:
    """Return the published offers that a change of ``window`` would take off sale, and why.

    ``patch`` None is removing it. Offers that lie outside our rights already are not named.
    """
    rows = queries.find_windows(session, [window.film_id])
    before = [row.window for row in rows]
    today = clock.today()
    others = [row.window for row in rows if row.id != window.id]
    after = others if patch is None else [*others, _patched(window.window, patch)]
    published = queries.find_visible_offers(
        session, [window.film_id], statuses=[OfferStatus.PUBLISHED]
    )
    found = []
    for offer in published:
        broken = rights_gaps(offer, after, on=today)
        if broken and not rights_gaps(offer, before, on=today):
            found.append((offer, broken))
    return found


def get_film(session: Session, slug: str) -> Film:
    """Return the film that a request names, whatever its status.

    Raises:
        InvalidInputError: there is none; points to ``film``.
    """
    film = session.scalar(select(Film).where(Film.slug == slug))
    if film is None:
        raise InvalidInputError.of(FieldProblem("#/film", f"Film “{slug}” not found."))
    return film


def add_window(session: Session, *, draft: WindowIn, actor: Actor) -> RightsWindow:
    """Add a right that an owner granted.

    Raises:
        InvalidInputError: there is no such film, or the dates or limits contradict each other.
        AlreadyExistsError: this contract's window for this right of this film is there.
    """
    film = get_film(session, draft.film)
    window = RightsWindow(
        ref=new_number("RW"),
        film=film,
        right=draft.right,
        contract_ref=draft.contract_ref,
        **{name: getattr(draft, name) for name in FIELDS},
    )
    _check(window)
    try:
        with session.begin_nested():
            session.add(window)
    except IntegrityError as error:
        detail = (
            f"Contract {draft.contract_ref} already has a rights window for {draft.right} of "
            f"{film.title}."
        )
        raise AlreadyExistsError(detail) from error
    record(session, window, "added", actor, after=_document(window))
    return window


def change_window(session: Session, *, ref: str, patch: WindowPatch, actor: Actor) -> RightsWindow:
    """Change what a window allows; offers that it no longer covers are refused from now on.

    Licenses already granted stay as they are.

    Raises:
        NotFoundError: there is no such window.
        InvalidInputError: the dates or limits would contradict each other.
    """
    window = queries.get_window(session, ref, for_change=True)
    before = _document(window)
    for name in patch.model_fields_set:
        setattr(window, name, getattr(patch, name))
    _check(window)
    record_change(session, window, actor, before=before, after=_document(window))
    return window


def remove_window(session: Session, *, ref: str, actor: Actor) -> None:
    """Remove a window, as when it was entered by mistake; the audit log keeps what it said.

    Raises:
        NotFoundError: there is no such window.
    """
    window = queries.get_window(session, ref, for_change=True)
    session.delete(window)
    session.flush()
    record(session, window, "removed", actor, before=_document(window))


def _patched(window: Window, patch: WindowPatch) -> Window:
    changed = {name: getattr(patch, name) for name in patch.model_fields_set & WINDOW_FIELDS}
    if patch.territory is not None:
        changed["territory"] = Territory.parse(patch.territory)
    return replace(window, **changed)


def _check(window: RightsWindow) -> None:
    problems = []
    if window.ends_on is not None and window.ends_on < window.starts_on:
        problems.append(
            FieldProblem("#/ends_on", ("Enter a last day that is not before the first day."))
        )
    if window.may_sublicense_perpetual and window.max_term_months is not None:
        problem = "Enter a maximum term or allow licenses without an end date, not both."
        problems.append(FieldProblem("#/max_term_months", problem))
    if problems:
        raise InvalidInputError.of(*problems)


def _document(window: RightsWindow) -> dict[str, Any]:
    document = {name: getattr(window, name) for name in FIELDS}
    document["starts_on"] = window.starts_on.isoformat()
    document["ends_on"] = window.ends_on and window.ends_on.isoformat()
    return {
        "film": window.film.slug,
        "right": str(window.right),
        "contract_ref": window.contract_ref,
        **document,
    }
