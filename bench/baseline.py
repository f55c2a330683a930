"""The limit: bare Starlette, returning from memory the very bytes that the store returned."""

import json
import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ANSWERS = "BENCH_ANSWERS"


def create() -> Starlette:
    """Build the application from the file that ``BENCH_ANSWERS`` names: path -> [type, text]."""
    told = json.loads(Path(os.environ[ANSWERS]).read_text(encoding="utf-8"))
    answers = {path: (kind, body.encode()) for path, (kind, body) in told.items()}

    async def answer(request: Request) -> Response:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        kind, body = answers[target]
        return Response(body, media_type=kind)

    return Starlette(routes=[Route("/{path:path}", answer)])
