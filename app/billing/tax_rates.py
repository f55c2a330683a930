"""The table of tax rates: staff add and end rows, and edit none (docs/tax.md)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.errors import TaxRateImmutableError, TaxRateOverlapError
from app.billing.states import TaxKind
from app.billing.tax_models import TaxRate
from app.billing.tax_places import name_place
from app.billing.tax_schemas import TaxRateIn
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_number
from app.core.pagination import PageParams, id_of


def add_rate(session: Session, *, draft: TaxRateIn, actor: Actor) -> TaxRate:
    """Add a rate. It begins today or later: what the rate was on a past day does not change.

    Raises:
        InvalidInputError: its days are past or out of order.
        TaxRateOverlapError: another rate of the place and kind is valid on one of its days.
    """
    begins = draft.valid_from or clock.today()
    if begins < clock.today():
        raise InvalidInputError.of(FieldProblem("#/valid_from", "Enter today or a later date."))
    if draft.valid_to is not None and draft.valid_to < begins:
        detail = "Enter a last day that is not before the first day."
        raise InvalidInputError.of(FieldProblem("#/valid_to", detail))
    _lock(session)
    row = TaxRate(
        ref=new_number("TR"),
        country=draft.country,
        region=draft.region,
        kind=draft.kind,
        name=draft.name,
        percent_text=draft.percent,
        valid_from=begins,
        valid_to=draft.valid_to,
    )
    other = session.scalar(
        select(TaxRate)
        .where(
            TaxRate.country == row.country,
            TaxRate.region == row.region,
            TaxRate.kind == row.kind,
            or_(TaxRate.valid_to.is_(None), TaxRate.valid_to >= begins),
            TaxRate.valid_from <= (row.valid_to or date.max),
        )
        .limit(1)
    )
    if other is not None:
        detail = (
            f"{other.ref} applies in {name_place(other.place)} to {other.kind} from "
            f"{other.valid_from}. End it first."
        )
        raise TaxRateOverlapError(detail)
    session.add(row)
    session.flush()
    _record(session, row, "added", actor)
    return row


def end_rate(session: Session, *, ref: str, valid_to: date | None, actor: Actor) -> TaxRate:
    """Let a rate apply through ``valid_to``; None is today. Safe to repeat.

    Raises:
        NotFoundError: there is no such rate.
        InvalidInputError: the day is past, or before the rate begins.
        TaxRateImmutableError: it was ended before, on another day.
    """
    _lock(session)
    row = get_rate(session, ref)
    last = valid_to or max(clock.today(), row.valid_from)
    if row.valid_to == last:
        return row
    if row.valid_to is not None:
        detail = f"{ref} already ends on {row.valid_to}."
        raise TaxRateImmutableError(detail)
    if last < max(clock.today(), row.valid_from):
        detail = "Enter today or a later date, and not before the rate begins."
        raise InvalidInputError.of(FieldProblem("#/valid_to", detail))
    row.valid_to = last
    session.flush()
    _record(session, row, "ended", actor)
    return row


def remove_rate(session: Session, *, ref: str, actor: Actor) -> None:
    """Remove a rate that has not begun.

    Raises:
        NotFoundError: there is no such rate.
        TaxRateImmutableError: it has begun.
    """
    _lock(session)
    row = get_rate(session, ref)
    if row.valid_from <= clock.today():
        detail = f"{ref} has begun. End it instead."
        raise TaxRateImmutableError(detail)
    _record(session, row, "removed", actor)
    session.delete(row)
    session.flush()


def get_rate(session: Session, ref: str) -> TaxRate:
    """Return the rate.

    Raises:
        NotFoundError: there is none.
    """
    row = session.scalar(select(TaxRate).where(TaxRate.ref == ref))
    if row is None:
        detail = f"Tax rate “{ref}” not found."
        raise NotFoundError(detail)
    return row


def find_rates_page(session: Session, page: PageParams) -> Sequence[TaxRate]:
    """Return up to ``page.limit + 1`` rates, newest first."""
    statement = select(TaxRate).order_by(TaxRate.id.desc()).limit(page.limit + 1)
    if (keys := page.keys(1)) is not None:
        statement = statement.where(TaxRate.id < id_of(keys[0]))
    return session.scalars(statement).all()


def find_rates(session: Session) -> Sequence[TaxRate]:
    """Return all rates by place and kind, the newest of each first."""
    kinds = list(TaxKind)
    rows = session.scalars(select(TaxRate)).all()
    return sorted(
        rows, key=lambda row: (row.place, kinds.index(row.kind), -row.valid_from.toordinal())
    )


def _lock(session: Session) -> None:
    """Let other changes of the table wait. On SQLite there is one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE tax_rates IN SHARE ROW EXCLUSIVE MODE"))


def _record(session: Session, row: TaxRate, verb: str, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        action=f"tax_rate.{verb}",
        object_type="tax_rate",
        object_ref=row.ref,
        after={
            "place": row.place,
            "kind": str(row.kind),
            "name": row.name,
            "percent": row.percent_text,
            "valid_from": row.valid_from.isoformat(),
            "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        },
    )
