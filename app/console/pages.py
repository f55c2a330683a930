"""The frame of console pages: messages and rendering."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.accounts.permissions import Scope
from app.console import status_marks
from app.console.access import Staff
from app.console.menu import build_menu
from app.core import clock
from app.core.errors import AppError
from app.core.numbers import new_token
from app.web.rendering import render

# Messages by the ``done`` of a redirect. Text from the address bar never reaches the page.
SUCCESS_MESSAGES = {
    "allocated": "Refund allocated.",
    "accepted": "Order accepted. Its licenses are granted.",
    "canceled": "Order canceled.",
    "credit-released": "Credit hold released. The order can be accepted on terms.",
    "cleared": "Issue resolved.",
    "code-off": "Two-step verification is off. You log in with your password only.",
    "entry-made": "Entry created.",
    "entry-merged": "Entries merged. Both names lead to this entry.",
    "entry-removed": "Entry removed. The audit log keeps its details.",
    "entry-saved": "Changes saved.",
    "ended": "Other sessions logged out.",
    "codes-needed": "Your role requires two-step verification. Set it up to continue.",
    "codes-required": (
        "Roles saved. People with these roles must set up two-step verification to continue."
    ),
    "codes-reset": "Two-step verification turned off for this account.",
    "customer-attached": "Order attached.",
    "order-confirmed": "Order confirmed.",
    "customer-made": "Customer created.",
    "customer-merged": "Customers merged. The old address leads to this one. You can undo it here.",
    "customer-invited": "Invitation sent.",
    "customer-person": "Person saved.",
    "customer-withdrawn": "Invitation withdrawn.",
    "customer-saved": "Customer saved.",
    "customer-unmerged": "Merge undone. Everything that moved is back.",
    "customer-verified": "Class and size verified. New orders record it.",
    "orders-attached": "Orders attached.",
    "discarded": "Draft deleted.",
    "forgiven": "Licenses reinstated.",
    "link-issued": "New download link issued. The page of the order shows it.",
    "voided": "Payment voided.",
    "captions-added": "Caption file added. Confirm its type.",
    "captions-confirmed": "Captions confirmed. The film's page lists them.",
    "captions-withdrawn": "Caption file withdrawn. The film's details do not change.",
    "file-moved": "Order of files changed.",
    "file-replaced": "New file uploaded. It replaces the current file when it is ready.",
    "file-restored": "File restored.",
    "file-retried": "Image queued for processing.",
    "file-saved": "Details saved.",
    "file-withdrawn": "File withdrawn. You can restore it below.",
    "files-added": "Files added. Images appear when they are processed.",
    "film-published": "Film published.",
    "film-withdrawn": "Film withdrawn. Existing licenses stay active.",
    "film-made": "Film created as a draft. Add its details, then publish it.",
    "film-merged": "Film saved. Changes made by others in the meantime are also kept.",
    "film-undone": "Change undone.",
    "film-saved": "Film saved.",
    "entry-undone": "Change undone.",
    "invoice-replaced": "Invoice replaced. The new one is sent by email.",
    "key-revoked": "API key revoked. Programs can no longer use it.",
    "match-undone": "Match undone. The amount is credit of the institution.",
    "matched": "Payment matched.",
    "master-added": "Master received. A worker checks it and makes a package.",
    "master-retried": "The master is checked and packaged again.",
    "master-withdrawn": "Master withdrawn. Licenses stay active.",
    "noted": "Note added.",
    "note-shown": "Note published. The author is notified by email.",
    "note-refused": "Note rejected. The author is notified by email.",
    "note-removed": "Note unpublished.",
    "note-replied": "Reply published.",
    "offer-saved": "Offer saved. Existing orders do not change.",
    "offer-written": "Offer created as a draft. Add prices, then publish it.",
    "packed": "Marked as packed.",
    "password": "Password changed. Other sessions are logged out.",
    "ordered": "Order placed.",
    "quoted": "Quote sent.",
    "paid": "Payment recorded.",
    "password-reset": "Password set. This account's sessions are logged out.",
    "price-added": "Price added.",
    "price-changed": "Price changed. The old price ends before the new one begins.",
    "price-ended": "Price ended.",
    "price-removed": "Future price removed.",
    "po-changed": "Purchase order saved.",
    "po-closed": "Purchase order closed.",
    "po-compared": "Comparison saved.",
    "po-countered": "Correction requested. The buyer is notified by email.",
    "po-rejected": "Purchase order rejected. The buyer is notified by email.",
    "po-uploaded": "Purchase order uploaded.",
    "published": "Offer published.",
    "quote-extended": "Quote extended. The buyer is notified by email.",
    "quote-withdrawn": "Quote withdrawn. The buyer is notified by email.",
    "refunded": "Refund requested.",
    "refund-retried": "Refund retried.",
    "disc-replaced": "Replacement prepared. Ship it when it is packed.",
    "order-corrected": "Order corrected.",
    "lines-corrected": "Items corrected. The buyer gets the new summary by email.",
    "license-corrected": "License corrected. The buyer gets the new certificate by email.",
    "reinstated": "License reinstated.",
    "resent": "Email queued for resending.",
    "dismissed": "Event dismissed. You can still retry it.",
    "reminders-paused": "Reminders paused.",
    "reminders-resumed": "Reminders resumed.",
    "rest-refunded": "Refund recorded.",
    "retried": "Event processed again. See the result below.",
    "revoked": "License revoked.",
    "roles": "Roles changed.",
    "synonyms-saved": "Synonyms saved. Searches use them within a second.",
    "shipped": "Marked as sent. The buyer is notified by email.",
    "staff-added": "Account created. Give the person their password.",
    "staff-closed": "Account deactivated and logged out.",
    "staff-opened": "Account reactivated.",
    "text-published": "License text published. Choose it when you edit an offer.",
    "exemption-added": "Certificate added. Review it below.",
    "exemption-approved": "Certificate approved. The institution is notified by email.",
    "exemption-rejected": "Certificate rejected. The institution is notified by email.",
    "exemption-revoked": "Certificate revoked. The institution is notified by email.",
    "statement-sent": "Statement sent by email.",
    "tax-rate-added": "Tax rate added.",
    "tax-rate-ended": "Tax rate ended.",
    "tax-rate-removed": "Tax rate removed.",
    "tax-set": "Tax saved.",
    "twice": "This form was already submitted. Nothing changed.",
    "vendor-added": "Document added.",
    "vendor-offered": "Document choices saved.",
    "vendor-chosen": "Vendor documents saved. The buyer's page shows them.",
    "vendor-sent": "Documents sent by email.",
    "vendor-withdrawn": "Document withdrawn. Links to it no longer work.",
    "window-added": "Rights window added.",
    "window-removed": "Rights window removed. The audit log keeps its details.",
    "window-saved": "Rights window saved.",
    "withdrawn": "Offer withdrawn.",
    "write-off-undone": "Write-off undone. The invoice is open again.",
    "written-off": "Invoice written off.",
}


class FormInput(dict[str, object]):
    """Input of a form that failed. A missing field is None."""

    def __missing__(self, name: str) -> None:
        """Return None."""


def find_home_page(staff: Staff) -> str:
    """Return the first page that this person may see."""
    groups = build_menu(staff.scopes, "").groups
    return groups[0].pages[0].path if groups else "/console/account"


def draw_page(
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

    ``problem`` is shown on top and sets the status. ``once`` gives each form its token.
    """
    response = render(
        request,
        f"console/{template}",
        status_code=problem.status if problem else status_code,
        staff=staff,
        # Each form of the page gets its own token.
        once=new_token,
        link=partial(_link, request),
        now=clock.now(),
        menu=build_menu(staff.scopes, request.url.path),
        done=SUCCESS_MESSAGES.get(request.query_params.get("done", "")),
        problem=problem,
        typed=FormInput(typed or {}),
        may={scope.name.lower(): scope in staff.scopes for scope in Scope},
        marks=status_marks.MARKS,
        **context,
    )
    # Keep buyers' data out of caches, also after a logout.
    response.headers["Cache-Control"] = "no-store"
    return response


def see_other(path: str, *, done: str = "", anchor: str = "") -> RedirectResponse:
    """Return a redirect to ``path`` with the success message ``done``."""
    query = f"?done={done}" if done else ""
    fragment = f"#{anchor}" if anchor else ""
    return RedirectResponse(f"{path}{query}{fragment}", status_code=HTTPStatus.SEE_OTHER)


def _link(request: Request, **changes: object) -> str:
    """Return the query of this page with ``changes``, without empty values."""
    query = {name: value for name, value in request.query_params.items() if name != "done"}
    query.update({name: "" if value is None else str(value) for name, value in changes.items()})
    params = {name: value for name, value in query.items() if value}
    return f"?{urlencode(params)}" if params else request.url.path
