"""Whether this process lives, and whether it can do its work."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import text

from app.core.errors import UnavailableError, responses

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """The answer of a healthy process."""

    status: Literal["ok"]


@router.get("/live", summary="Is the process alive?")
def live() -> Health:
    """Answer without touching anything else: a failure means that the process must go."""
    return Health(status="ok")


@router.get(
    "/ready",
    summary="Can the process serve?",
    status_code=HTTPStatus.OK,
    responses=responses(UnavailableError),
)
def ready(request: Request) -> Health:
    """Read from the database: a failure means that traffic should go elsewhere for now."""
    try:
        with request.app.state.readers() as session:
            session.execute(text("SELECT version_num FROM alembic_version")).one()
    except Exception as error:
        detail = "the database does not answer, or was never migrated"
        raise UnavailableError(detail, headers={"Retry-After": "5"}) from error
    return Health(status="ok")
