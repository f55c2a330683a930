"""How the API returns objects and lists: cursors and filters, expanded fields, current values."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid
from stripe_sandbox.objects import balance, events
from stripe_sandbox.storage import Document

_MAX_EXPAND_DEPTH: Final = 4
DEFAULT_LIMIT: Final = 10
_BOUNDS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}
_ALL_DELIVERED: Final = (
    "NOT EXISTS (SELECT 1 FROM deliveries WHERE event = objects.id"
    " AND state NOT IN ('delivered', 'dropped'))"
)
_PAGING: Final = frozenset({"limit", "starting_after", "ending_before", "created", "expand"})


def list_objects(context: Context, kind: str, params: dict[str, Any], *, url: str) -> Document:
    """Return one page of the objects of a kind that match ``params``, newest first.

    Any other parameter than those of paging filters by that field: ``charge=ch_…``.
    """
    _check_one_cursor(params)
    where, values = _where(kind, params)
    backwards = "ending_before" in params
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            where.append(f"seq {sign} ?")
            values.append(_position(context, kind, params[name], name))
    limit: int = params.get("limit", DEFAULT_LIMIT)
    rows = context.tx.connection.execute(
        f"SELECT id FROM objects WHERE {' AND '.join(where)} "  # noqa: S608 - names are ours
        f"ORDER BY seq {'ASC' if backwards else 'DESC'} LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    items = [context.tx.get(row[0]) for row in rows[:limit]]
    if backwards:
        items.reverse()
    return build_list(items, url=url, has_more=len(rows) > limit)


def slice_items(all_items: Sequence[Document], params: dict[str, Any], *, url: str) -> Document:
    """Return one page of a list inside an object, such as its line items."""
    _check_one_cursor(params)
    ids = [item["id"] for item in all_items]
    start, end = 0, len(all_items)
    if "starting_after" in params:
        start = _index(ids, params["starting_after"], "starting_after") + 1
    if "ending_before" in params:
        end = _index(ids, params["ending_before"], "ending_before")
    limit: int = params.get("limit", DEFAULT_LIMIT)
    window = list(all_items[start:end])
    items = window[-limit:] if "ending_before" in params else window[:limit]
    return build_list(items, url=url, has_more=len(window) > limit)


def _check_one_cursor(params: dict[str, Any]) -> None:
    if "starting_after" in params and "ending_before" in params:
        message = "You may only specify one of these parameters: starting_after, ending_before."
        raise invalid(message, param="ending_before")


def build_list(items: Iterable[Document], *, url: str, has_more: bool = False) -> Document:
    """Return a ``list`` object."""
    return {"object": "list", "data": list(items), "has_more": has_more, "url": url}


def _where(kind: str, params: dict[str, Any]) -> tuple[list[str], list[Any]]:
    where, values = ["kind = ?"], [kind]
    for bound, second in params.get("created", {}).items():
        where.append(f"created {_BOUNDS[bound]} ?")
        values.append(second)
    for name, value in params.items():
        if name in _PAGING:
            continue
        if kind == "event" and name in {"type", "types"}:
            _add_types(where, values, [value] if name == "type" else value)
        elif name == "delivery_success":
            where.append(_ALL_DELIVERED if value else f"NOT {_ALL_DELIVERED}")
        elif name == "customer_details":
            where.append("json_extract(document, '$.customer_details.email') = ?")
            values.append(value["email"])
        else:
            where.append(f"json_extract(document, '$.{name}') = ?")
            values.append(value)
    return where, values


def _add_types(where: list[str], values: list[Any], types: list[str]) -> None:
    """Match any of the event types; ``charge.*`` matches all with that prefix."""
    where.append("(" + " OR ".join(["json_extract(document, '$.type') GLOB ?"] * len(types)) + ")")
    values.extend(type_.replace("[", "[[]").replace("?", "[?]") for type_ in types)


def _position(context: Context, kind: str, id_: str, param: str) -> int:
    row = context.tx.connection.execute(
        "SELECT seq FROM objects WHERE id = ? AND kind = ?", (id_, kind)
    ).fetchone()
    if row is None:
        message = f"No such {kind}: '{id_}'"
        raise invalid(message, param=param, code="resource_missing")
    return int(row[0])


def _index(ids: list[str], id_: str, param: str) -> int:
    if id_ not in ids:
        message = f"No such item: '{id_}'"
        raise invalid(message, param=param, code="resource_missing")
    return ids.index(id_)


def represent(context: Context, document: Document, expand: list[str]) -> Document:
    """Return the object as the API returns it, with the fields named by ``expand`` in full.

    Raises:
        StripeError: a field cannot be expanded, or a path is too deep.
    """
    for path in expand:
        steps = path.split(".")
        if len([step for step in steps if step != "data"]) > _MAX_EXPAND_DEPTH:
            message = (
                f"You cannot expand more than {_MAX_EXPAND_DEPTH} levels of a property ({path})"
            )
            raise invalid(message, param="expand")
        _expand(context, document, steps, path)
    return _add_current_values(context, document)


def _add_current_values(context: Context, document: Document) -> Document:
    kind = document.get("object")
    if kind == "list":
        document["data"] = [_add_current_values(context, item) for item in document["data"]]
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
        raise _not_expandable(path)
    value = document[name]
    if isinstance(value, str) and name not in {"id", "object"}:
        document[name] = value = context.tx.find(value) or value
    if value is None:
        return
    if rest and isinstance(value, dict | list):
        for item in value if isinstance(value, list) else [value]:
            _expand(context, item, rest, path)
    elif not (isinstance(value, dict) and "object" in value):
        raise _not_expandable(path)


def _not_expandable(path: str) -> Exception:
    message = (
        f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}' "
        "instead, if you are listing objects."
    )
    return invalid(message, param="expand")


def _line_items(context: Context, session: Document) -> Document:
    return slice_items(
        context.tx.private(session["id"])["lines"],
        {},
        url=f"/v1/checkout/sessions/{session['id']}/line_items",
    )


def _refunds(context: Context, charge: Document) -> Document:
    refunds = context.tx.select("refund", charge=charge["id"])
    return build_list(reversed(refunds), url=f"/v1/charges/{charge['id']}/refunds")


# Left out of an object unless `expand` names them.
_INCLUDABLE: Final[dict[tuple[str, str], Callable[[Context, Document], Any]]] = {
    ("checkout.session", "line_items"): _line_items,
    ("charge", "refunds"): _refunds,
}
