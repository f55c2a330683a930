"""A film's citation as a file for a reference manager."""

from enum import StrEnum

from fastapi import APIRouter, Request, Response

from app.catalog import queries
from app.core.db import ReadSessionDep
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep
from app.discovery import citation_files
from app.discovery.citing import cited
from app.discovery.http_cache import cacheable_response

router = APIRouter()


class CitationFormat(StrEnum):
    """By the ending of the file's name."""

    RIS = "ris"
    BIBTEX = "bib"
    CSL_JSON = "json"


FORMATS = {
    CitationFormat.RIS: (citation_files.ris, "application/x-research-info-systems"),
    CitationFormat.BIBTEX: (citation_files.bibtex, "application/x-bibtex"),
    CitationFormat.CSL_JSON: (citation_files.csl_json, "application/vnd.citationstyles.csl+json"),
}


@router.get("/films/{slug}/citation.{ending}")
@public_read()
def citation(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    slug: str,
    ending: CitationFormat,
) -> Response:
    """Cite a film, to be saved."""
    film = queries.film_by_slug(session, slug)
    make, media_type = FORMATS[ending]
    body = make(cited(film, settings)).encode()
    return cacheable_response(
        request,
        body,
        f"{media_type}; charset=utf-8",
        changed_at=film.updated_at,
        filename=f"{film.slug}.{ending}",
    )
