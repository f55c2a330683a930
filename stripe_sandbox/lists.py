"""Lists in Stripe's manner: newest first, a cursor that is an id, and bounds of time."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid
from stripe_sandbox.storage import Document

DEFAULT_LIMIT: Final = 10
_BOUNDS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}
_ALL_DELIVERED: Final = (
    "NOT EXISTS (SELECT 1 FROM deliveries WHERE event = objects.id"
    " AND state NOT IN ('delivered', 'dropped'))"
)
_PAGING: Final = frozenset({"limit", "starting_after", "ending_before", "created", "expand"})


def page(context: Context, kind: str, params: dict[str, Any], *, url: str) -> Document:
    """Return one page of the objects of a kind that match ``params``.

    A parameter that is not about paging is a field of the object: ``charge=ch_…``.
    """
    _refuse_both_cursors(params)
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
    shown = [context.tx.get(row[0]) for row in rows[:limit]]
    if backwards:
        shown.reverse()
    return as_list(shown, url=url, has_more=len(rows) > limit)


def slice_of(items: Sequence[Document], params: dict[str, Any], *, url: str) -> Document:
    """Return one page of a list that an object carries itself, such as its line items."""
    _refuse_both_cursors(params)
    ids = [item["id"] for item in items]
    start, end = 0, len(items)
    if "starting_after" in params:
        start = _index(ids, params["starting_after"], "starting_after") + 1
    if "ending_before" in params:
        end = _index(ids, params["ending_before"], "ending_before")
    limit: int = params.get("limit", DEFAULT_LIMIT)
    window = list(items[start:end])
    shown = window[-limit:] if "ending_before" in params else window[:limit]
    return as_list(shown, url=url, has_more=len(window) > limit)


def _refuse_both_cursors(params: dict[str, Any]) -> None:
    if "starting_after" in params and "ending_before" in params:
        message = "You may only specify one of these parameters: starting_after, ending_before."
        raise invalid(message, param="ending_before")


def as_list(items: Iterable[Document], *, url: str, has_more: bool = False) -> Document:
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
    """Match any of some event types; ``charge.*`` stands for all that begin so."""
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
