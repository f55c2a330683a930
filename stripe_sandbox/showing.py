"""How a stored object is shown: what depends on the moment, and what ``expand`` adds."""

from collections.abc import Callable
from typing import Any, Final

from stripe_sandbox import lists
from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid
from stripe_sandbox.objects import balance, events
from stripe_sandbox.storage import Document

_DEEPEST: Final = 4


def show(context: Context, document: Document, expand: list[str]) -> Document:
    """Return the object as the API answers it, with the fields named by ``expand`` in full.

    Raises:
        StripeError: a field that cannot be expanded, or too deep a path.
    """
    for path in expand:
        steps = path.split(".")
        if len([step for step in steps if step != "data"]) > _DEEPEST:
            message = f"You cannot expand more than {_DEEPEST} levels of a property ({path})"
            raise invalid(message, param="expand")
        _expand(context, document, steps, path)
    return _of_the_moment(context, document)


def _of_the_moment(context: Context, document: Document) -> Document:
    kind = document.get("object")
    if kind == "list":
        document["data"] = [_of_the_moment(context, item) for item in document["data"]]
    elif kind == "event":
        document["pending_webhooks"] = events.pending_webhooks(context.tx, document["id"])
    elif kind == "balance_transaction":
        document["status"] = balance.status(document, now=context.second)
    elif kind == "dispute":
        details = document["evidence_details"]
        details["past_due"] = details["due_by"] < context.second
    return document


def _expand(context: Context, document: Document, steps: list[str], path: str) -> None:
    name, rest = steps[0], steps[1:]
    includable = _INCLUDABLE.get((str(document.get("object")), name))
    if includable is not None and name not in document:
        document[name] = includable(context, document)
    if name not in document:
        raise _cannot(path)
    below = document[name]
    if isinstance(below, str) and name not in {"id", "object"}:
        document[name] = below = context.tx.find(below) or below
    if below is None:
        return
    if rest and isinstance(below, dict | list):
        for item in below if isinstance(below, list) else [below]:
            _expand(context, item, rest, path)
    elif not (isinstance(below, dict) and "object" in below):
        raise _cannot(path)


def _cannot(path: str) -> Exception:
    message = (
        f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}' "
        "instead, if you are listing objects."
    )
    return invalid(message, param="expand")


def _line_items(context: Context, session: Document) -> Document:
    return lists.slice_of(
        context.tx.private(session["id"])["lines"],
        {},
        url=f"/v1/checkout/sessions/{session['id']}/line_items",
    )


def _refunds(context: Context, charge: Document) -> Document:
    refunds = context.tx.select("refund", charge=charge["id"])
    return lists.as_list(reversed(refunds), url=f"/v1/charges/{charge['id']}/refunds")


# Left out of an object unless asked for.
_INCLUDABLE: Final[dict[tuple[str, str], Callable[[Context, Document], Any]]] = {
    ("checkout.session", "line_items"): _line_items,
    ("charge", "refunds"): _refunds,
}
