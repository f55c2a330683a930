"""OAI-PMH's one address, by GET and by POST as the protocol demands."""

from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response

from app.catalog import revisions
from app.core import clock
from app.core.app_state import app_state
from app.core.cross_site import allow_other_sites
from app.core.preconditions import has_tag, state_tag
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep, answer_with
from app.discovery.oai.responses import Store, answer

router = APIRouter()
MAX_ARGUMENTS = 20
ILLEGIBLE = [("verb", "")]


async def arguments_of(request: Request) -> list[tuple[str, str]]:
    """Return the arguments as they were sent, repeated ones too: the protocol refuses those."""
    sent = request.url.query.encode() if request.method == "GET" else await request.body()
    try:
        text = sent.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_ARGUMENTS)
    except ValueError:
        return ILLEGIBLE


@router.get("/oai")
@router.post("/oai")
@allow_other_sites
@public_read(cached=False)
def oai(
    request: Request,
    settings: SettingsDep,
    arguments: Annotated[list[tuple[str, str]], Depends(arguments_of)],
) -> Response:
    """Answer a harvester. Errors of the protocol are answered with 200, as it demands."""
    state = app_state(request)
    # What it lists may change with each film, and with the day; an answer also tells its own time.
    headers = {"Cache-Control": "public, no-cache"}
    if request.method == "GET":
        with state.readers() as session:
            revision = revisions.current(session)
        base_url = settings.url("/oai")
        tag = state_tag(revision, clock.today(), base_url, settings.seller_name, arguments)
        headers["ETag"] = tag
        if has_tag(request, tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    store = Store(state.readers, state.sessions, settings)
    make = partial(answer, store, arguments)
    return answer_with(request, make, media_type="text/xml", headers=headers)
