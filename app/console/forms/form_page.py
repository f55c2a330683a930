"""Pages that consist of one form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.console.access import Staff
from app.console.forms.field_types import Shape
from app.console.forms.input_values import InputValues
from app.console.pages import draw_page
from app.core.errors import AppError


@dataclass(frozen=True, slots=True)
class RowHint:
    """A hint next to a row or above a form, with an optional link."""

    text: str
    href: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form with its heading, address, and buttons."""

    heading: str
    action: str
    back: str
    shapes: Sequence[Shape]
    crumbs: Sequence[tuple[str, str]] = ()
    """Where the page belongs: address and words, the outermost first."""
    lead: str = ""
    save: str = "Save"
    base: int = 0
    """The number of the last change that the form was drawn from."""
    previews: bool = False
    history: str = ""
    """Where the changes of the thing stand; empty: nowhere."""
    removes: str = ""
    """The words of a button that removes the thing; empty: none."""
    needs: Sequence[RowHint] = ()
    """What must be there before the form can be saved, each with the page that adds it."""


def draw_form(
    request: Request,
    staff: Staff,
    form: FormPage,
    typed: InputValues,
    *,
    problem: AppError | None = None,
    notes: Mapping[str, RowHint] | None = None,
    extras: Mapping[str, object] | None = None,
) -> HTMLResponse:
    """Draw the form with its input; ``notes`` are hints by the pointers of rows.

    ``extras`` is shown above the fields, such as the offers that a change affects.
    """
    return draw_page(
        request,
        staff,
        "form_page.html",
        form=form,
        typed=typed,
        problem=problem,
        notes=notes or {},
        extras=extras or {},
    )
