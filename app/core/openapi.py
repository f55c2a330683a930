"""The API's description of itself, completed with what the framework leaves out."""

from typing import Any

from app.core.errors import Problem, UnsupportedMediaTypeError, responses

# The framework's own shapes of errors, which this API never answers with.
UNUSED = ("HTTPValidationError", "ValidationError")


def complete(schema: dict[str, Any], *, base_url: str) -> None:
    """Name the server, the security of each operation, the tags, and the problem document."""
    schema["servers"] = [{"url": base_url}]
    models = schema["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    models.update(problem.pop("$defs"))
    models["Problem"] = problem
    for name in UNUSED:
        models.pop(name, None)
    tags: dict[str, None] = {}
    for operation in _operations(schema):
        # Declared where a key is needed; an empty list says that none is.
        operation.setdefault("security", [])
        tags |= dict.fromkeys(operation.get("tags", ()))
        if "requestBody" in operation:
            unsupported = responses(UnsupportedMediaTypeError)
            operation["responses"] |= {str(status): each for status, each in unsupported.items()}
    schema["tags"] = [{"name": name} for name in sorted(tags)]


def _operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in schema["paths"].values() for operation in methods.values()]
