"""Class links: a teacher's students open one film, up to a limit and until a date."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.errors import LoginRefusedError
from app.access.models import ClassLink
from app.accounts.audit import record_action
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_number
from app.core.signing import Purpose, sign, unsign
from app.institutions.member_models import Member, MemberRole

MAX_USES, MAX_DAYS, MAX_OPEN_LINKS = 500, 200, 100
ENDED = "This class link has ended. Ask your teacher for another one."


def add_class_link(
    session: Session, member: Member, film: Film, *, label: str, max_uses: int, days: int
) -> ClassLink:
    """Make a link of the member's institution to one film.

    Raises:
        InvalidInputError: a number is out of bounds, or too many links are open.
        NotFoundError: the member has no institution.
    """
    if member.institution_id is None:
        detail = "Only people of an institution make class links."
        raise NotFoundError(detail)
    problems = []
    if not label:
        problems.append(FieldProblem("#/label", "Enter the course, like HIST 210."))
    if not 1 <= max_uses <= MAX_USES:
        detail = f"Enter a number of students from 1 to {MAX_USES}."
        problems.append(FieldProblem("#/max_uses", detail))
    if not 1 <= days <= MAX_DAYS:
        problems.append(FieldProblem("#/days", f"Enter a number of days from 1 to {MAX_DAYS}."))
    if len(find_class_links(session, member)) >= MAX_OPEN_LINKS:
        detail = f"You have {MAX_OPEN_LINKS} open links. Withdraw one first."
        problems.append(FieldProblem("#/label", detail))
    if problems:
        raise InvalidInputError.of(*problems)
    link = ClassLink(
        ref=new_number("CL"),
        institution_id=member.institution_id,
        member_id=member.id,
        film_id=film.id,
        label=label,
        max_uses=max_uses,
        expires_at=clock.now() + timedelta(days=days),
    )
    session.add(link)
    session.flush()
    after = {"film": film.slug, "label": label, "max_uses": max_uses, "days": days}
    record_action(session, "class_link", link.ref, "created", member.actor, after=after)
    return link


def find_class_links(session: Session, member: Member) -> Sequence[ClassLink]:
    """Return the open links that the member made; to a librarian, those of the institution."""
    statement = select(ClassLink).where(
        ClassLink.institution_id == member.institution_id,
        ClassLink.withdrawn_at.is_(None),
        ClassLink.expires_at > clock.now(),
    )
    if not member.has_role(MemberRole.LIBRARIAN):
        statement = statement.where(ClassLink.member_id == member.id)
    return session.scalars(statement.order_by(ClassLink.id.desc())).all()


def withdraw_class_link(session: Session, member: Member, ref: str) -> None:
    """End a link that the member sees. Safe to repeat.

    Raises:
        NotFoundError: the member sees no such link.
    """
    link = next((each for each in find_class_links(session, member) if each.ref == ref), None)
    if link is None:
        detail = "There is no such class link, or it has ended."
        raise NotFoundError(detail)
    ended = session.scalar(
        update(ClassLink)
        .where(ClassLink.id == link.id, ClassLink.withdrawn_at.is_(None))
        .values(withdrawn_at=clock.now())
        .returning(ClassLink.ref)
    )
    if ended is not None:
        record_action(session, "class_link", ref, "withdrawn", member.actor)


def class_link_path(settings: Settings, link: ClassLink) -> str:
    """Return the path that a teacher puts into a syllabus."""
    return f"/access/class/{sign(settings, Purpose.CLASS_LINK, link.ref)}"


def get_class_link(session: Session, settings: Settings, signed: str) -> tuple[ClassLink, Film]:
    """Return the open link of this address and its film.

    Raises:
        LoginRefusedError: there is none, it has ended, or it was used as often as it may be.
    """
    ref = unsign(settings, Purpose.CLASS_LINK, signed)
    found = session.execute(
        select(ClassLink, Film)
        .join(Film, Film.id == ClassLink.film_id)
        .where(
            ClassLink.ref == (ref or ""),
            ClassLink.withdrawn_at.is_(None),
            ClassLink.expires_at > clock.now(),
            ClassLink.uses < ClassLink.max_uses,
        )
    ).first()
    if found is None:
        raise LoginRefusedError(ENDED, code="class_link")
    link, film = found
    return link, film


def use_class_link(session: Session, link: ClassLink) -> None:
    """Count one more student. Of two at once only as many succeed as are left.

    Raises:
        LoginRefusedError: none is left.
    """
    used = session.scalar(
        update(ClassLink)
        .where(
            ClassLink.id == link.id,
            ClassLink.withdrawn_at.is_(None),
            ClassLink.expires_at > clock.now(),
            ClassLink.uses < ClassLink.max_uses,
        )
        .values(uses=ClassLink.uses + 1)
        .returning(ClassLink.id)
    )
    if used is None:
        raise LoginRefusedError(ENDED, code="class_link")
