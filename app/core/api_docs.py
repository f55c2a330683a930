"""The API's documentation pages, served without any other host and without inline scripts."""

from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from app.core.errors import Problem, UnsupportedMediaTypeError, responses

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: API</title>
<link rel="stylesheet" href="/api/docs/files/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript><p>This page needs JavaScript. The machine-readable description:
<a href="/api/openapi.json">/api/openapi.json</a>.</p></noscript>
<script src="/api/docs/files/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
"""
# The framework's own shapes of errors, which this API never answers with.
UNUSED = ("HTTPValidationError", "ValidationError")


def install(app: FastAPI) -> None:
    """Serve the pages at ``/api/docs``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/api/docs")
    def page() -> HTMLResponse:
        # The documentation's own script makes styles as it runs.
        policy = (
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        )
        return HTMLResponse(
            PAGE.format(title=app.title), headers={"Content-Security-Policy": policy}
        )

    @router.get("/api/docs/start.js")
    def start() -> Response:
        return Response(START, media_type="text/javascript")

    app.include_router(router)
    static = str(files("fastapi_offline") / "static")
    app.mount("/api/docs/files", StaticFiles(directory=static), name="api-docs")


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
