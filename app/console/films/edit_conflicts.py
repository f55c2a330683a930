"""Saving of a film form: merge the edits of two people, or report the conflict."""

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
from app.console.films.parts import FilmPart
from app.console.forms.input_values import InputValues, format_inputs
from app.console.forms.submission import (
    EditConflictError,
)
from app.console.forms.validation import validate_form
from app.core.errors import FieldProblem


@dataclass(frozen=True, slots=True)
class OtherEdit:
    """A change that another editor saved while the form was open."""

    number: int
    editor: str
    via: str
    at: datetime
    differences: Sequence[FieldDifference]


class SameFieldsError(EditConflictError):
    """Two editors changed the same fields of a film. The second change is not saved yet."""

    def __init__(
        self,
        film: Film,
        part: FilmPart,
        typed: InputValues,
        result: MergeResult,
        later: Sequence[Change],
    ) -> None:
        editors = " and ".join(
            dict.fromkeys(change.entry.actor_label for change in reversed(later))
        )
        labels = ", ".join(label_of(name).lower() for name in result.conflicts)
        super().__init__(
            f"{editors} changed the same fields: {labels}. Nothing is saved yet. Your entries are "
            f"below. Save again to replace the other changes.",
            base=later[0].number,
            errors=[
                FieldProblem(f"#/{name}", f"{editors} also changed this. See the change above.")
                for name in result.conflicts
            ],
        )
        self.film = film
        self.theirs = [
            OtherEdit(
                change.number,
                change.entry.actor_label,
                change.entry.via,
                change.entry.at,
                [
                    difference
                    for difference in differences(change.before, change.after)
                    if difference.name in part.names
                ],
            )
            for change in reversed(later)
            if set(part.names) & set(change.after)
        ]
        own_input = {name: typed[name] for name in result.conflicts}
        self.typed = format_inputs(part.shapes, result.values) | own_input


def save_part(
    session: Session, slug: str, part: FilmPart, typed: InputValues, *, base: int, actor: Actor
) -> MergeResult:
    """Save the input for ``part``; ``base`` is the last change when the form was drawn.

    Raises:
        InvalidInputError: a field is invalid.
        SameFieldsError: another editor changed the same fields since.
        FilmConflictError, VersionInUseError: the catalog refuses the change.
    """
    film = film_for_staff(session, slug, for_change=True)
    later = history.changes(session, film, above=base)
    result = _merge(session, film, part, typed, later)
    if result.conflicts:
        raise SameFieldsError(film, part, typed, result, later)
    _save_document(session, film, result, actor)
    return result


def write_for_preview(
    session: Session, slug: str, part: FilmPart, typed: InputValues, *, base: int, actor: Actor
) -> Film:
    """Write the input for a preview; the caller rolls it back.

    Raises:
        InvalidInputError, FilmConflictError, VersionInUseError: as in ``save_part``.
    """
    film = film_for_staff(session, slug, for_change=True)
    later = history.changes(session, film, above=base)
    _save_document(session, film, _merge(session, film, part, typed, later), actor)
    return film_for_staff(session, slug)


def film_document(film: Film) -> dict[str, Any]:
    """Return the document of a loaded film in plain types."""
    return document_of(film).model_dump(mode="json")


def _merge(
    session: Session, film: Film, part: FilmPart, typed: InputValues, later: Sequence[Change]
) -> MergeResult:
    current = film_document(film)
    before = history.as_of(current, later)
    document = validate_form(FilmDocument, part.shapes, typed, extra=before)
    is_derived = before["sort_title"] == sort_title(before["title"])
    if (
        document.title != before["title"]
        and document.sort_title == before["sort_title"]
        and is_derived
    ):
        # It follows the title as long as it was not edited.
        document = document.model_copy(update={"sort_title": None})
    edited = name_resolution.resolve_from_database(session, document).model_dump(mode="json")
    return merge_edits(before, current, edited, part.names)


def _save_document(session: Session, film: Film, result: MergeResult, actor: Actor) -> None:
    document = FilmDocument.model_validate({**film_document(film), **result.values})
    replace_film(session, film, document, actor=actor)
