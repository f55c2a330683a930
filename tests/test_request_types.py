"""Bodies are taken as their schemas say: a number in quotes is no number, and 0 is no day.

Pydantic would turn the one into the other, and the API would accept what its description forbids.
"""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

pytestmark = pytest.mark.once

# What must not pass for a value of each type of JSON.
FALSE_FRIENDS = {
    "integer": ("1", True, 1.5),
    "number": ("1", True),
    "boolean": ("true", 1),
    "date": (0, "0", 1.0, "2026-11-22T00:00:00"),
    "string": (1, True),
}


def models_within(annotation: object) -> Iterator[type[BaseModel]]:
    """Find every model that an annotation names, at any depth."""
    if get_origin(annotation) is not None:
        for inner in get_args(annotation):
            yield from models_within(inner)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_within(field.annotation)


def api_routes(router: APIRouter | FastAPI) -> Iterator[APIRoute]:
    """Find every route, at any depth of routers within routers."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from api_routes(route.original_router)


def body_models(app: FastAPI) -> dict[str, type[BaseModel]]:
    params = [param for route in api_routes(app) for param in route.dependant.body_params]
    return {
        f"{model.__module__}.{model.__name__}": model
        for param in params
        if not isinstance(param.field_info, Form)  # a form is all text
        for model in models_within(param.field_info.annotation)
    }


def alone(name: str, field: FieldInfo) -> tuple[type[BaseModel], str]:
    """Make a model of one field. Return it, and the name that the field has in JSON."""
    key = field.validation_alias if isinstance(field.validation_alias, str) else name
    definitions: dict[str, Any] = {name: (field.annotation, field)}
    return create_model("Alone", **definitions), key


def plain_type(model: type[BaseModel]) -> str | None:
    """Say which type of JSON the field takes, where it is just one beside null."""
    (schema,) = model.model_json_schema()["properties"].values()
    choices = schema.get("anyOf", [schema])
    kinds = {choice.get("format", choice.get("type")) for choice in choices} - {"null"}
    return kinds.pop() if len(kinds) == 1 else None


def accepted(model: type[BaseModel], body: dict[str, object]) -> bool:
    try:
        model.model_validate(body)
    except ValidationError:
        return False
    return True


def test_no_field_takes_what_its_schema_forbids(app: FastAPI) -> None:
    app.openapi()  # loads the staff's part, which is otherwise loaded with its first request
    models = body_models(app)
    assert len(models) > 20
    lax = {
        f"{where}.{name}: {value!r} for {kind}"
        for where, model in models.items()
        for name, field in model.model_fields.items()
        for single, key in [alone(name, field)]
        for kind in [plain_type(single)]
        for value in FALSE_FRIENDS.get(kind or "", ())
        if accepted(single, {key: value})
    }
    assert lax == set()
