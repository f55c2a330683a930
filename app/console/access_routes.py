"""The access tester, and the list of access trouble."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from app.access.trouble import (
    REASONS,
    TrialResult,
    find_trouble,
    try_address,
    try_assertion,
    try_network,
)
from app.console.access import OrderReader
from app.console.pages import draw_page
from app.core.db import ReadSessionDep
from app.core.request_middleware import SettingsDep
from app.core.text import TextConstraints

MAX_LENGTH = 300_000
MAX_ADDRESS_LENGTH = 255
router = APIRouter(prefix="/access")
Typed = Annotated[str, Form(), TextConstraints(max_length=MAX_LENGTH)]


@router.get("", summary="Access tester and trouble")
def access_page(request: Request, staff: OrderReader, session: ReadSessionDep) -> Response:
    """Show the tester, and who was turned away in the last 30 days."""
    return _draw(request, staff, session)


@router.post("", summary="Test an address, a network, or an assertion")
def run_test(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    settings: SettingsDep,
    typed: Typed = "",
) -> Response:
    """Say what would happen. Nothing of what is entered is kept."""
    text = typed.strip()
    if "@" in text and "<" not in text and len(text) < MAX_ADDRESS_LENGTH:
        result = try_address(session, text)
    elif len(text) < MAX_ADDRESS_LENGTH:
        result = try_network(session, text)
    else:
        result = try_assertion(session, settings, text)
    return _draw(request, staff, session, result=result, typed=text)


def _draw(
    request: Request,
    staff: OrderReader,
    session: ReadSessionDep,
    *,
    result: TrialResult | None = None,
    typed: str = "",
) -> Response:
    return draw_page(
        request,
        staff,
        "access.html",
        result=result,
        entered=typed,
        rows=find_trouble(session),
        reasons=REASONS,
    )
