"""Query parameters: an unknown or repeated one is refused, so that a mistake is noticed."""

from collections import Counter
from types import UnionType
from typing import Any, Union, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Cookie, Header, Path
from fastapi.routing import APIRoute

from app.core.errors import FieldProblem, InvalidInputError


# Neither is run in a thread: both take a few microseconds.
async def refuse_unknown(request: Request) -> None:
    """Refuse query parameters that the route does not know, or takes once and finds twice.

    Raises:
        InvalidInputError: names each such parameter, and lists the known ones.
    """
    if not request.query_params:
        return
    known = _parameters_of(request)
    if known is None:
        return
    listed = ", ".join(sorted(known)) or "none"
    problems = [
        FieldProblem(f"?/{name}", f"Unknown parameter. Known: {listed}.")
        for name in request.query_params
        if name not in known
    ]
    problems += _repeated(request, known)
    if problems:
        raise InvalidInputError.of(*problems)


async def refuse_repeated(request: Request) -> None:
    """Refuse query parameters that the route takes once and finds twice, but not unknown ones.

    Raises:
        InvalidInputError: names each such parameter.
    """
    if not request.query_params:
        return
    problems = _repeated(request, _parameters_of(request) or {})
    if problems:
        raise InvalidInputError.of(*problems)


def _repeated(request: Request, known: dict[str, bool]) -> list[FieldProblem]:
    counts = Counter(name for name, _ in request.query_params.multi_items())
    return [
        FieldProblem(f"?/{name}", f"Given {count} times. Send it once.")
        for name, count in counts.items()
        if count > 1 and known.get(name) is False
    ]


def _parameters_of(request: Request) -> dict[str, bool] | None:
    """Return whether the route takes several values, by the parameter's name."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return None
    fields = get_flat_params(route.dependant)
    return {
        field.alias: _takes_several(field.field_info.annotation)
        for field in fields
        if not isinstance(field.field_info, Path | Header | Cookie)
    }


def _takes_several(annotation: Any) -> bool:  # noqa: ANN401
    """Return whether a parameter is a list or a tuple, or None."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(_takes_several(part) for part in get_args(annotation))
    return origin in {list, tuple}
