"""Staff endpoints for the caption files of a film."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.catalog import queries
from app.catalog.enums import CaptionKind, CaptionSource
from app.catalog.routes import SlugPath
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import ConflictError, NotFoundError, responses
from app.core.idempotency import IdempotencyKeyDep, IdempotencyKeyReusedError
from app.media import caption_service, uploads
from app.media.caption_models import CaptionFile
from app.media.errors import FileTakenError
from app.media.upload_form import Editor, FileUploadForm, RefPath, form_with_file, sent_with

router = APIRouter(
    prefix="/admin/films/{slug}/captions",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError, NotFoundError),
)
FIELDS = ("version", "language")
REQUEST_BODY = form_with_file(
    "SubRip or WebVTT in UTF-8, up to 2 MB",
    fields={
        "version": {"description": "A version's label"},
        "language": {"description": "ISO 639"},
    },
    required=FIELDS,
)


class CaptionsOut(BaseModel):
    """A caption file. It counts for its version once confirmed."""

    ref: str = Field(description="The file's ID in the API", examples=["7k3qf9td2m"])
    version: str = Field(description="The version's label", examples=["Feature"])
    language: str = Field(description="ISO 639-3", examples=["eng"])
    original_name: str
    media_type: str
    size_bytes: int
    sha256: str
    facts: dict[str, Any] = Field(description="Cues, length, and warnings found in the file")
    confirmed_kind: CaptionKind | None
    confirmed_source: CaptionSource | None
    added_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, row: CaptionFile) -> "CaptionsOut":
        """Describe a caption file."""
        return cls(
            ref=row.ref,
            version=row.version_label,
            language=row.language,
            original_name=row.original_name,
            media_type=row.media_type,
            size_bytes=row.size_bytes,
            sha256=row.sha256,
            facts=row.facts,
            confirmed_kind=row.confirmed_kind,
            confirmed_source=row.confirmed_source,
            added_at=row.created_at,
            withdrawn_at=row.withdrawn_at,
        )


class CaptionsListOut(BaseModel):
    """All caption files of a film, oldest first; withdrawn ones too."""

    items: list[CaptionsOut]


class CaptionsConfirmIn(BaseModel):
    """The type and source of a caption file, as confirmed by staff."""

    model_config = ConfigDict(extra="forbid")

    kind: CaptionKind
    source: CaptionSource = CaptionSource.UNKNOWN


@router.get("", summary="List the caption files of a film")
def list_captions(session: ReadSessionDep, _editor: Editor, slug: SlugPath) -> CaptionsListOut:
    """List all caption files, including unconfirmed and withdrawn ones."""
    rows = caption_service.captions_of(session, queries.film_for_staff(session, slug))
    return CaptionsListOut(items=[CaptionsOut.of(row) for row in rows])


@router.post(
    "",
    summary="Add a caption file to a film",
    status_code=HTTPStatus.CREATED,
    responses=responses(FileTakenError, IdempotencyKeyReusedError),
    openapi_extra=REQUEST_BODY,
)
def add_captions(
    request: Request,
    *,
    editor: Editor,
    slug: SlugPath,
    sent: Annotated[FileUploadForm, Depends(sent_with(FIELDS))],
    idempotency_key: IdempotencyKeyDep,
    response: Response,
) -> CaptionsOut:
    """Add a caption file. Confirm it to list its captions on the film's page."""
    state = app_state(request)
    version, language = (sent.values.get(name, "") for name in FIELDS)
    with state.readers() as session:
        film = queries.film_for_staff(session, slug)
    upload, row = caption_service.inspect_captions(
        film, sent.read(), sent.file.filename or "", version_label=version, language=language
    )
    uploads.store_upload(state.storage, upload)
    key = idempotency_key.about(version, language, upload.sha256)
    with state.sessions.begin() as session:

        def work() -> CaptionsOut:
            film = queries.film_for_staff(session, slug)
            return CaptionsOut.of(caption_service.add(session, film, row, actor=editor))

        answer = key.run_once(session, CaptionsOut, work)
    uploads.ensure_stored(state.storage, upload)
    response.headers["Location"] = f"/api/v1/admin/films/{slug}/captions"
    return answer


@router.post("/{ref}/confirm", summary="Confirm a caption file", responses=responses(ConflictError))
def confirm_captions(
    session: SessionDep, editor: Editor, slug: SlugPath, ref: RefPath, said: CaptionsConfirmIn
) -> CaptionsOut:
    """Add it to the captions of its version, which the film's page lists."""
    film = queries.film_for_staff(session, slug, for_change=True)
    row = caption_service.caption_file(session, film, ref)
    caption_service.confirm(session, film, row, kind=said.kind, source=said.source, actor=editor)
    return CaptionsOut.of(row)


@router.delete("/{ref}", summary="Withdraw a caption file", status_code=HTTPStatus.NO_CONTENT)
def withdraw_captions(session: SessionDep, editor: Editor, slug: SlugPath, ref: RefPath) -> None:
    """Withdraw a caption file. The film's caption details do not change."""
    film = queries.film_for_staff(session, slug, for_change=True)
    caption_service.withdraw(
        session, film, caption_service.caption_file(session, film, ref), actor=editor
    )
