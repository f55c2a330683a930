"""Endpoint that looks up a list of titles and what a buyer may license of them."""

from fastapi import APIRouter, Request, Response

from app.core import clock
from app.core.db import ReadSessionDep
from app.core.public_reads import public_read
from app.core.rate_limits import charge
from app.core.request_middleware import SettingsDep
from app.lookup.availability import check_availability
from app.lookup.availability_schemas import AvailabilityIn, AvailabilityOut, availability_out

router = APIRouter(tags=["licensing"])
ROWS_A_REQUEST = 20


@router.post(
    "/availability",
    summary="Get available licenses for up to 1,000 films by title, director, or number",
    response_model=AvailabilityOut,
)
@public_read(cached=False)
def post_availability(
    request: Request, session: ReadSessionDep, settings: SettingsDep, asked: AvailabilityIn
) -> Response:
    """Match each row with a film and return its licensing options, as of today (UTC).

    A row that is not surely one film gets candidates instead. Nothing is kept of the list. Twenty
    rows count as one request.
    """
    charge(request, (len(asked.rows) - 1) // ROWS_A_REQUEST)
    today = clock.today()
    wanted = [row.to_query() for row in asked.rows]
    answers = check_availability(session, wanted, asked.buyer(), on=today)
    out = availability_out(asked, answers, settings, on=today)
    # Written out at once: the framework would check thousands of offers a second time.
    return Response(out.model_dump_json(by_alias=True), media_type="application/json")
