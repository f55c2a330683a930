"""Other names of people and subjects: a former one, or that of an entry which was merged in."""

from collections.abc import Collection, Iterable

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.catalog.enums import NamedKind
from app.catalog.models import NameAlias
from app.core.db import insert_missing, is_one_of


def resolve_slugs(session: Session, kind: NamedKind, slugs: Collection[str]) -> dict[str, str]:
    """Return, for those of ``slugs`` that are other names, the slugs of the entries."""
    if not slugs:
        return {}
    rows = session.execute(
        select(NameAlias.slug, NameAlias.target).where(
            NameAlias.kind == kind, is_one_of(session, NameAlias.slug, slugs)
        )
    )
    return dict(rows.all())


def find_aliases(session: Session, kind: NamedKind, target: str) -> list[str]:
    """Return the other slugs under which an entry is found, in their order."""
    rows = session.scalars(
        select(NameAlias.slug)
        .where(NameAlias.kind == kind, NameAlias.target == target, NameAlias.slug != target)
        .order_by(NameAlias.slug)
    )
    return list(rows)


def add(session: Session, kind: NamedKind, slugs: Iterable[str], target: str) -> None:
    """Let an entry be found under these slugs too; those that are another's name stay that."""
    rows = [{"kind": kind, "slug": slug, "target": target} for slug in sorted(set(slugs)) if slug]
    insert_missing(session, NameAlias, rows, index_elements=["kind", "slug"])


def redirect_aliases(session: Session, kind: NamedKind, gone: str, kept: str) -> None:
    """Let all other names of ``gone``, and its own slug, lead to ``kept``."""
    session.execute(
        update(NameAlias)
        .where(NameAlias.kind == kind, NameAlias.target == gone)
        .values(target=kept)
        .execution_options(synchronize_session=False)
    )
    add(session, kind, [gone], kept)


def forget(session: Session, kind: NamedKind, target: str) -> None:
    """Drop the other names of an entry that goes."""
    session.execute(
        delete(NameAlias)
        .where(NameAlias.kind == kind, NameAlias.target == target)
        .execution_options(synchronize_session=False)
    )
