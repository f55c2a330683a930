"""Saving one part of a film: what was typed, put together with what others changed meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog import history, name_resolution
from app.catalog.differences import FieldDifference, differences, label_of
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmDocument
from app.catalog.film_service import replace_film
from app.catalog.history import Change
from app.catalog.models import Film
from app.catalog.queries import film_for_staff
from app.catalog.three_way_merge import MergeResult, merge_edits
from app.catalog.titles import sort_title
from app.console.films.part import FilmPart
from app.console.forms.checking import validate_form
from app.console.forms.errors import EditConflictError
from app.console.forms.input_values import InputValues, typed_of
from app.core.errors import FieldProblem


@dataclass(frozen=True, slots=True)
class OtherEdit:
    """A change that somebody else made while a form was being filled in."""

    number: int
    who: str
    via: str
    at: datetime
    differences: Sequence[FieldDifference]


class SameFieldsError(EditConflictError):
    """Two people changed the same fields of a film. Nothing of the second's is saved yet."""

    def __init__(
        self,
        film: Film,
        part: FilmPart,
        typed: InputValues,
        found: MergeResult,
        later: Sequence[Change],
    ) -> None:
        who = " and ".join(dict.fromkeys(change.entry.actor_label for change in reversed(later)))
        labels = ", ".join(label_of(name).lower() for name in found.conflicts)
        super().__init__(
            f"{who} changed the same fields: {labels}. Nothing is saved yet. Your entries are "
            f"below. Save again to replace the other changes.",
            base=later[0].number,
            errors=[
                FieldProblem(f"#/{name}", f"{who} also changed this. See the change above.")
                for name in found.conflicts
            ],
        )
        self.film = film
        self.theirs = [
            OtherEdit(
                change.number,
                change.entry.actor_label,
                change.entry.via,
                change.entry.at,
                [one for one in differences(change.before, change.after) if one.name in part.names],
            )
            for change in reversed(later)
            if set(part.names) & set(change.after)
        ]
        mine = {name: typed[name] for name in found.conflicts}
        self.typed = typed_of(part.shapes, found.values) | mine


def save_part(
    session: Session, slug: str, part: FilmPart, typed: InputValues, *, base: int, actor: Actor
) -> MergeResult:
    """Save what was typed into the form of ``part``, drawn when ``base`` was the last change.

    Raises:
        InvalidInputError: a field needs another look.
        SameFieldsError: somebody else changed the same fields since.
        FilmTakenError, VersionInUseError: as the catalog refuses.
    """
    film = film_for_staff(session, slug, for_change=True)
    later = history.changes(session, film, above=base)
    found = _merge(session, film, part, typed, later)
    if found.conflicts:
        raise SameFieldsError(film, part, typed, found, later)
    _write(session, film, found, actor)
    return found


def write_for_preview(
    session: Session, slug: str, part: FilmPart, typed: InputValues, *, base: int, actor: Actor
) -> Film:
    """Write what was typed as it would be saved, for a look; the caller rolls it back.

    Raises:
        InvalidInputError, FilmTakenError, VersionInUseError: as ``save_part`` does.
    """
    film = film_for_staff(session, slug, for_change=True)
    later = history.changes(session, film, above=base)
    _write(session, film, _merge(session, film, part, typed, later), actor)
    return film_for_staff(session, slug)


def film_document(film: Film) -> dict[str, Any]:
    """Return what a film, loaded whole, says: its document in plain types."""
    return document_of(film).model_dump(mode="json")


def _merge(
    session: Session, film: Film, part: FilmPart, typed: InputValues, later: Sequence[Change]
) -> MergeResult:
    now = film_document(film)
    then = history.as_of(now, later)
    document = validate_form(FilmDocument, part.shapes, typed, beside=then)
    was_made = then["sort_title"] == sort_title(then["title"])
    if document.title != then["title"] and document.sort_title == then["sort_title"] and was_made:
        # It was made from the title that was; it is made anew from the one that is.
        document = document.model_copy(update={"sort_title": None})
    wanted = name_resolution.resolve_from_database(session, document).model_dump(mode="json")
    return merge_edits(then, now, wanted, part.names)


def _write(session: Session, film: Film, found: MergeResult, actor: Actor) -> None:
    document = FilmDocument.model_validate({**film_document(film), **found.values})
    replace_film(session, film, document, actor=actor)
