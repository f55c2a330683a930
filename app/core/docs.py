"""The API's documentation pages, served without any other host and without inline scripts."""

from importlib.resources import files

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

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
