"""Query parameters: an unknown one is refused, so that a misspelled filter is noticed."""

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.core.errors import FieldProblem, InvalidInputError


def refuse_unknown(request: Request) -> None:
    """Refuse query parameters that the route does not know.

    Raises:
        InvalidInputError: names each unknown parameter and lists the known ones.
    """
    if not request.query_params:
        return
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = _query_names(route.dependant)
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        listed = ", ".join(sorted(known)) or "none"
        raise InvalidInputError.of(
            *(
                FieldProblem(f"?/{name}", f"there is no such parameter here; known: {listed}")
                for name in unknown
            )
        )


def _query_names(dependant: Dependant) -> set[str]:
    names = {field.alias for field in dependant.query_params}
    for inner in dependant.dependencies:
        names |= _query_names(inner)
    return names
