"""HTTP endpoints of the offers, for anyone."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.core import clock
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError, responses
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep
from app.offers import licensing, queries
from app.offers.buyers import BuyerParams
from app.offers.schemas import LicenseTextOut, LicensingOut, license_text_out, licensing_out
from app.offers.staff_schemas import SLUG, VERSION

router = APIRouter(tags=["licensing"])


@router.get(
    "/films/{slug}/licensing",
    summary="Get a film's available licenses and prices for a buyer, with reasons for the others",
    responses=responses(NotFoundError),
)
@public_read()
def get_licensing(
    session: ReadSessionDep,
    settings: SettingsDep,
    asked: Annotated[BuyerParams, Query()],
    slug: Annotated[str, Path(pattern=SLUG, examples=["the-red-soul"])],
) -> LicensingOut:
    """Return the licenses for an institution type, size, and country, as of today (UTC)."""
    film = queries.get_licensable_film(session, slug)
    answer = licensing.get_licensing(session, film, asked.buyer(), on=clock.today())
    return licensing_out(answer, settings)


@router.get(
    "/license-texts/{code}/{version}",
    summary="Get a license text",
    responses=responses(NotFoundError),
)
@public_read()
def get_license_text(
    session: ReadSessionDep,
    settings: SettingsDep,
    code: Annotated[str, Path(pattern=SLUG, examples=["dvd-ppr"])],
    version: Annotated[str, Path(pattern=VERSION, examples=["1.0"])],
) -> LicenseTextOut:
    """Return one version of a license text, with the hash that orders and licenses refer to."""
    return license_text_out(queries.get_license_text(session, code, version), settings)


@router.get("/license-texts", summary="List the current license texts")
@public_read()
def list_license_texts(session: ReadSessionDep, settings: SettingsDep) -> list[LicenseTextOut]:
    """List the newest version of each license text, and of the general terms."""
    return [license_text_out(text, settings) for text in queries.find_current_texts(session)]
