"""OAI-PMH's one address, by GET and by POST as the protocol demands."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response

from app.core.requests import SettingsDep
from app.discovery.oai.answering import Store, answer

router = APIRouter()
MOST_ARGUMENTS = 20
ILLEGIBLE = [("verb", "")]


async def arguments_of(request: Request) -> list[tuple[str, str]]:
    """Return the arguments as they were sent, repeated ones too: the protocol refuses those."""
    sent = request.url.query.encode() if request.method == "GET" else await request.body()
    try:
        text = sent.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_ARGUMENTS)
    except ValueError:
        return ILLEGIBLE


@router.get("/oai")
@router.post("/oai")
def oai(
    request: Request,
    settings: SettingsDep,
    arguments: Annotated[list[tuple[str, str]], Depends(arguments_of)],
) -> Response:
    """Answer a harvester. Errors of the protocol are answered with 200, as it demands."""
    state = request.app.state
    return Response(
        answer(Store(state.readers, state.sessions, settings), arguments),
        media_type="text/xml",
        # An answer tells its own time, and what it lists may change with each film.
        headers={"Cache-Control": "no-cache"},
    )
