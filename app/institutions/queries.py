"""Reading institutions."""

from collections.abc import Sequence

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, selectinload

from app.core.errors import FieldProblem, InvalidInputError, MovedError, NotFoundError
from app.core.money import Money, MoneyOut
from app.core.numbers import parse_number
from app.core.pagination import PageParams, id_of
from app.core.text import normalize_key
from app.institutions.models import (
    Institution,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionMerge,
)
from app.institutions.schemas import (
    ClassVerificationOut,
    InstitutionIdentifierOut,
    InstitutionOut,
    InstitutionSiteOut,
    InstitutionSummaryOut,
)

MAX_NAMED = 5
PARTS = (
    selectinload(Institution.domains),
    selectinload(Institution.identifiers),
    selectinload(Institution.sites),
)


def get_institution(session: Session, ref: str, *, for_change: bool = False) -> Institution:
    """Return an institution with its parts; ``for_change`` locks the row.

    Raises:
        NotFoundError: there is none.
        MovedError: it was merged into another one.
    """
    institution = get_any_institution(session, ref, for_change=for_change)
    if institution.merged_into_id is not None:
        raise MovedError(ref, find_live(session, institution).ref)
    return institution


def get_any_institution(session: Session, ref: str, *, for_change: bool = False) -> Institution:
    """Return an institution, even one that was merged into another one.

    Raises:
        NotFoundError: there is none.
    """
    statement = select(Institution).where(Institution.ref == ref).options(*PARTS)
    if for_change:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    institution = session.scalar(statement)
    if institution is None:
        detail = f"Institution “{ref}” not found."
        raise NotFoundError(detail)
    return institution


def find_live(session: Session, institution: Institution) -> Institution:
    """Return the institution itself, or the one that it was merged into in the end."""
    while institution.merged_into_id is not None:
        institution = session.get_one(Institution, institution.merged_into_id)
    return institution


def find_institutions(
    session: Session, page: PageParams, *, q: str = ""
) -> tuple[Sequence[Institution], str | None]:
    """Return one page of institutions by name, and the cursor of the next page."""
    statement = (
        search_institutions(select(Institution), q)
        .options(selectinload(Institution.domains))
        .order_by(Institution.name_key, Institution.id)
        .limit(page.limit + 1)
    )
    if (keys := page.keys(2)) is not None:
        name_key, last = str(keys[0]), id_of(keys[1])
        statement = statement.where(
            or_(
                Institution.name_key > name_key,
                (Institution.name_key == name_key) & (Institution.id > last),
            )
        )
    return page.cut(session.scalars(statement).all(), lambda one: (one.name_key, one.id))


def search_institutions(statement: Select[Institution], q: str) -> Select[Institution]:
    """Filter by part of the name, a domain or email address, an identifier, or a reference.

    Merged institutions are left out; their names find nothing.
    """
    statement = statement.where(Institution.merged_into_id.is_(None))
    if not q.strip():
        return statement
    text = q.strip()
    key = normalize_key(text)
    domain = text.rpartition("@")[2].lower()
    of_domain = select(InstitutionDomain.institution_id).where(InstitutionDomain.domain == domain)
    of_number = select(InstitutionIdentifier.institution_id).where(
        InstitutionIdentifier.value.in_({text, text.upper(), text.lower()})
    )
    return statement.where(
        or_(
            *([Institution.name_key.contains(key, autoescape=True)] if key else []),
            Institution.ref == (parse_number(text, "IN") or text),
            Institution.id.in_(of_domain),
            Institution.id.in_(of_number),
        )
    )


def choose_institution(session: Session, text: str, *, pointer: str) -> Institution:
    """Return the one institution that ``text`` finds.

    Raises:
        InvalidInputError: none matches, or several do; then the error names them.
    """
    statement = search_institutions(select(Institution), text).limit(MAX_NAMED + 1)
    found = session.scalars(statement.order_by(Institution.name_key)).all() if text else []
    exact = [each for each in found if each.name_key == normalize_key(text)]
    if len(found) == 1 or len(exact) == 1:
        return (exact or found)[0]
    named = ", ".join(f"{each.name} ({each.ref})" for each in found[:MAX_NAMED])
    problem = f"Several match: {named}. Enter the number." if found else "No institution matches."
    raise InvalidInputError.of(FieldProblem(pointer, problem))


def find_merges_into(session: Session, institution: Institution) -> Sequence[Institution]:
    """Return the institutions that were merged into this one, and still are, newest first."""
    return session.scalars(
        select(Institution)
        .join(InstitutionMerge, InstitutionMerge.source_id == Institution.id)
        .where(InstitutionMerge.target_id == institution.id, InstitutionMerge.undone_at.is_(None))
        .order_by(InstitutionMerge.id.desc())
    ).all()


def summary_out(institution: Institution) -> InstitutionSummaryOut:
    """Return an institution as a row of the list."""
    return InstitutionSummaryOut(
        ref=institution.ref,
        name=institution.name,
        customer_class=institution.customer_class,
        size=institution.size,
        country=institution.country,
        is_verified=institution.is_verified,
        domains=[each.domain for each in institution.domains],
    )


def institution_out(session: Session, institution: Institution, *, currency: str) -> InstitutionOut:
    """Return an institution as staff read it."""
    limit = institution.credit_limit
    return InstitutionOut(
        ref=institution.ref,
        name=institution.name,
        customer_class=institution.customer_class,
        size=institution.size,
        size_year=institution.size_year,
        size_source=institution.size_source,
        verified=ClassVerificationOut(by=institution.verified_by, at=institution.verified_at)
        if institution.verified_at
        else None,
        country=institution.country,
        time_zone=institution.time_zone,
        billing_address=institution.billing,
        terms_days=institution.terms_days,
        credit_limit=MoneyOut.of(Money(limit, currency)) if limit is not None else None,
        hold_reason=institution.hold_reason,
        notes=institution.notes,
        domains=[each.domain for each in institution.domains],
        identifiers=[
            InstitutionIdentifierOut(scheme=each.scheme, value=each.value)
            for each in institution.identifiers
        ],
        sites=[InstitutionSiteOut(name=each.name, place=each.place) for each in institution.sites],
        merged_from=[each.ref for each in find_merges_into(session, institution)],
        created_at=institution.created_at,
        updated_at=institution.updated_at,
    )
