"""How a console page is drawn: the frame, what is in its menu, and what was just done."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.accounts.permissions import Scope
from app.console import status_marks
from app.console.access import Staff
from app.core import clock
from app.core.errors import AppError
from app.core.numbers import new_token
from app.web.rendering import render


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the menu, for those who may follow it."""

    label: str
    path: str
    needs: Scope
    also: str = ""
    """Where else its pages are."""

    def leads_to(self, path: str) -> bool:
        """Whether a page stands behind this entry."""
        return path.startswith(f"{self.path}/") or bool(self.also and path.startswith(self.also))


MENU = (
    MenuItem("Queue", "/console/queue", Scope.ORDERS_READ),
    MenuItem("Orders", "/console/orders", Scope.ORDERS_READ),
    MenuItem("Licenses", "/console/licenses", Scope.ORDERS_READ),
    MenuItem("Emails", "/console/emails", Scope.ORDERS_READ),
    MenuItem("Payment events", "/console/events", Scope.EVENTS_READ),
    MenuItem("Disputes", "/console/disputes", Scope.EVENTS_READ),
    MenuItem("Reconciliation", "/console/reconciliation", Scope.EVENTS_READ),
    MenuItem("Films", "/console/films", Scope.CATALOG_WRITE, also="/console/imports"),
    MenuItem("People", "/console/people", Scope.CATALOG_WRITE),
    MenuItem("Subjects", "/console/subjects", Scope.CATALOG_WRITE),
    MenuItem("Collections", "/console/collections", Scope.CATALOG_WRITE),
    MenuItem("Search synonyms", "/console/synonyms", Scope.CATALOG_WRITE),
    MenuItem("Notes", "/console/notes", Scope.CATALOG_WRITE),
    MenuItem("Offers", "/console/offers", Scope.OFFERS_WRITE),
    MenuItem("License texts", "/console/texts", Scope.OFFERS_WRITE, also="/console/new-text"),
    MenuItem("API keys", "/console/keys", Scope.ACCOUNTS_WRITE),
    MenuItem("Staff", "/console/staff", Scope.ACCOUNTS_WRITE),
    MenuItem("Audit log", "/console/audit", Scope.AUDIT_READ),
)

# What a page says after an action sent the browser back to it (`?done=...`). Words from the
# address bar never reach the page: only these do.
SUCCESS_MESSAGES = {
    "allocated": "The refund is allocated.",
    "accepted": "The order is accepted on terms. Its licenses are granted.",
    "canceled": "The order is canceled.",
    "cleared": "Marked as settled.",
    "code-off": "Codes are switched off. Your password alone logs you in.",
    "entry-made": "The entry is made.",
    "entry-merged": "The two entries are one now. Both names find it.",
    "entry-removed": "It is removed. The audit log keeps what it said.",
    "entry-saved": "It is saved.",
    "ended": "All your other sessions have ended.",
    "codes-needed": "Your role requires codes at login. Set them up here to continue.",
    "codes-required": "Saved. Who has such a role sets up codes at their next click.",
    "codes-reset": "Codes are switched off for this login.",
    "discarded": "The draft is gone.",
    "forgiven": "The licenses are back in force.",
    "voided": "The payment is voided.",
    "captions-added": "The caption file is here. Confirm what it is.",
    "captions-confirmed": "The film's page says so now.",
    "captions-withdrawn": "The caption file is withdrawn. What the film says stays as it is.",
    "file-moved": "The order is changed.",
    "file-replaced": "The new file is here. It takes the old one's place as soon as it is ready.",
    "file-restored": "The file is back.",
    "file-retried": "The picture's sizes are made once more.",
    "file-saved": "The words are saved.",
    "file-withdrawn": "The file is withdrawn. It stays in the list below.",
    "files-added": "Added. Pictures are shown in a moment, when their sizes are made.",
    "film-published": "The film is in the public catalog.",
    "film-withdrawn": "The film is out of the public catalog. Licenses that exist go on.",
    "film-made": "The film is made, as a draft. Say more about it part by part, then publish it.",
    "film-merged": "The film is saved. What somebody else changed meanwhile is kept too.",
    "film-undone": "The change is taken back, by a new change.",
    "film-saved": "The film is saved.",
    "entry-undone": "The change is taken back, by a new change.",
    "key-revoked": "The key is revoked. Programs that use it are refused from now on.",
    "noted": "The note is added.",
    "note-shown": "The note is on the film's page. Its writer is told by email.",
    "note-refused": "The note is refused. Its writer is told why by email.",
    "note-removed": "The note is off the film's page.",
    "note-replied": "The reply is on the film's page.",
    "offer-saved": "The offer is saved. What was quoted or ordered before stays as it was.",
    "offer-written": "The offer is written, as a draft. Add its prices, then put it on sale.",
    "packed": "Marked as packed.",
    "password": "The password is changed. All other sessions have ended.",
    "paid": "The payment is recorded.",
    "password-reset": "The password is set, and the sessions of this login have ended.",
    "price-added": "The price is added.",
    "price-changed": "The price is changed: the old one ends, and the new one follows it.",
    "price-ended": "The price ends.",
    "price-removed": "The price is removed. It had not begun.",
    "published": "It is on sale.",
    "refunded": "The refund is on its way.",
    "refund-retried": "The refund is asked for again.",
    "reinstated": "The license is back in force.",
    "resent": "The email is queued to be sent again.",
    "dismissed": "The event is dismissed. It is kept, with the reason, and may still be retried.",
    "retried": "The event was handled again. Below is what came of it.",
    "revoked": "The license is revoked.",
    "roles": "The roles are changed.",
    "synonyms-saved": "Synonyms saved. Searches use them within a second.",
    "shipped": "Marked as sent. The buyer is told by email.",
    "staff-added": "The login is made. Give the person their password yourself.",
    "staff-closed": "The login is closed and their sessions have ended.",
    "staff-opened": "The login is open again.",
    "text-published": "The text is published. Choose it in the form of an offer.",
    "twice": "This form was sent before. It was done once, and nothing changed now.",
    "window-added": "The right is written down.",
    "window-removed": "The window is removed. The audit log keeps what it said.",
    "window-saved": "The window is saved.",
    "withdrawn": "It is withdrawn from sale.",
}


class FormInput(dict[str, object]):
    """What was typed into a form that was refused. A field that was not typed is None."""

    def __missing__(self, name: str) -> None:
        """Say that nothing was typed there."""


def home_of(staff: Staff) -> str:
    """Return the first page that this person may see."""
    allowed = (item.path for item in MENU if item.needs in staff.scopes)
    return next(allowed, "/console/account")


def page(
    request: Request,
    staff: Staff,
    template: str,
    *,
    status_code: int = HTTPStatus.OK,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
    **context: object,
) -> HTMLResponse:
    """Draw ``template`` in the console's frame.

    ``problem`` is shown on top, kindly, with its fields; the page's status is then the problem's.
    Every form that must not happen twice carries ``once``.
    """
    response = render(
        request,
        f"console/{template}",
        status_code=problem.status if problem else status_code,
        staff=staff,
        # A token for each form: two forms of one page are not each other's copies.
        once=new_token,
        link=partial(_link, request),
        now=clock.now(),
        menu=[item for item in MENU if item.needs in staff.scopes],
        done=SUCCESS_MESSAGES.get(request.query_params.get("done", "")),
        problem=problem,
        typed=FormInput(typed or {}),
        may={scope.name.lower(): scope in staff.scopes for scope in Scope},
        marks=status_marks.MARKS,
        **context,
    )
    # Buyers' names and addresses stay out of caches, and out of the page after a logout.
    response.headers["Cache-Control"] = "no-store"
    return response


def see_other(path: str, *, done: str = "", anchor: str = "") -> RedirectResponse:
    """Return the answer to a form that worked: the browser loads ``path``, which says so."""
    query = f"?done={done}" if done else ""
    fragment = f"#{anchor}" if anchor else ""
    return RedirectResponse(f"{path}{query}{fragment}", status_code=HTTPStatus.SEE_OTHER)


def _link(request: Request, **changes: object) -> str:
    """Return the query of this page with ``changes``; None and empty ones are left out."""
    query = {name: value for name, value in request.query_params.items() if name != "done"}
    query.update({name: "" if value is None else str(value) for name, value in changes.items()})
    kept = {name: value for name, value in query.items() if value}
    return f"?{urlencode(kept)}" if kept else request.url.path
