"""Keeping the profiles: made, replaced and removed by staff, each change audited."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.pagination import PageParams
from app.exports.models import LibraryProfile
from app.exports.profiles import ProfileIn, ProfileOut, ProfileSettings
from app.offers.errors import AlreadyExistsError


def profile_named(session: Session, slug: str | None) -> ProfileSettings | None:
    """Return the profile that a query parameter names; None if it names none.

    Raises:
        InvalidInputError: there is no such profile.
    """
    if slug is None:
        return None
    row = session.scalar(select(LibraryProfile).where(LibraryProfile.slug == slug))
    if row is None:
        raise InvalidInputError.of(FieldProblem("?/profile", f"Profile “{slug}” not found."))
    return ProfileSettings.model_validate(row.settings)


def profile_names(session: Session) -> list[tuple[str, str]]:
    """Return every profile's slug, and the library's name."""
    rows = session.scalars(select(LibraryProfile).order_by(LibraryProfile.slug)).all()
    return [(row.slug, ProfileSettings.model_validate(row.settings).name) for row in rows]


def profile(session: Session, slug: str) -> ProfileOut:
    """Return a profile.

    Raises:
        NotFoundError: there is none.
    """
    return _out(_row(session, slug))


def profiles(session: Session, page: PageParams) -> tuple[list[ProfileOut], str | None]:
    """Return a page of profiles by slug, and the cursor of the next."""
    statement = select(LibraryProfile).order_by(LibraryProfile.slug).limit(page.limit + 1)
    if (keys := page.keys(1)) is not None:
        statement = statement.where(LibraryProfile.slug > str(keys[0]))
    rows: Sequence[LibraryProfile] = session.scalars(statement).all()
    shown, cursor = page.cut(rows, lambda row: (row.slug,))
    return [_out(row) for row in shown], cursor


def add_profile(session: Session, draft: ProfileIn, *, actor: Actor) -> ProfileOut:
    """Add a profile.

    Raises:
        AlreadyExistsError: there is one by this name.
    """
    settings = draft.model_dump(mode="json", exclude={"slug"})
    row = LibraryProfile(slug=draft.slug, settings=settings)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        detail = f"Profile “{draft.slug}” already exists."
        raise AlreadyExistsError(detail) from error
    audit.record_action(session, "library_profile", draft.slug, "added", actor, after=settings)
    return _out(row)


def replace_profile(
    session: Session, slug: str, wanted: ProfileSettings, *, actor: Actor
) -> ProfileOut:
    """Make the profile what ``wanted`` says.

    Raises:
        NotFoundError: there is none.
    """
    row = _row(session, slug, for_change=True)
    before, after = row.settings, wanted.model_dump(mode="json")
    if before != after:
        row.settings = after
        session.flush()
        audit.record_action(
            session, "library_profile", slug, "changed", actor, before=before, after=after
        )
    return _out(row)


def remove_profile(session: Session, slug: str, *, actor: Actor) -> None:
    """Remove a profile; the audit log keeps what it said.

    Raises:
        NotFoundError: there is none.
    """
    row = _row(session, slug, for_change=True)
    session.delete(row)
    session.flush()
    audit.record_action(session, "library_profile", slug, "removed", actor, before=row.settings)


def _row(session: Session, slug: str, *, for_change: bool = False) -> LibraryProfile:
    statement = select(LibraryProfile).where(LibraryProfile.slug == slug)
    row = session.scalar(statement.with_for_update() if for_change else statement)
    if row is None:
        detail = f"Profile “{slug}” not found."
        raise NotFoundError(detail)
    return row


def _out(row: LibraryProfile) -> ProfileOut:
    return ProfileOut.model_validate(row.settings | {"slug": row.slug})
