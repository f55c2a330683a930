"""Staff endpoints of the library formats: profiles."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Response

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.catalog.documents import SLUG_LENGTH, SLUG_PATTERN
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep
from app.exports import profiles
from app.exports.profiles import ProfileIn, ProfileOut, ProfileSettings
from app.offers.errors import AlreadyExistsError

router = APIRouter(
    prefix="/admin/library-profiles",
    tags=["staff: library formats"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
Editor = Annotated[Actor, Depends(require_scopes(Scope.CATALOG_WRITE))]
ProfilePath = Annotated[
    str, Path(pattern=SLUG_PATTERN, max_length=SLUG_LENGTH, examples=["example-university"])
]
SETTINGS_EXAMPLE: dict[str, Any] = {
    "name": "Example University Library",
    "organization": "ExU",
    "omit_fields": ["540"],
    "local_notes": ["Public performance rights: see the license record."],
    "customer_class": "college",
    "order_data": [
        {"tag": "980", "code": "b", "source": "price"},
        {"tag": "980", "code": "f", "source": "sku"},
        {"tag": "949", "code": "p", "source": "text", "text": "VIDEO"},
    ],
}
REPLACE_EXAMPLES: dict[str, Any] = {"whole": {"summary": "Full profile", "value": SETTINGS_EXAMPLE}}
NEW_EXAMPLES: dict[str, Any] = {
    "new": {"summary": "A new profile", "value": {"slug": "example-university"} | SETTINGS_EXAMPLE}
}


@router.get("", summary="List library profiles")
def list_library_profiles(
    session: ReadSessionDep, _editor: Editor, page: PageDep
) -> Page[ProfileOut]:
    """List the profiles by name."""
    items, cursor = profiles.find_profiles(session, page)
    return Page(items=items, next=cursor)


@router.post(
    "",
    summary="Add a library profile",
    status_code=HTTPStatus.CREATED,
    responses=responses(AlreadyExistsError, IdempotencyKeyReusedError),
)
def create_library_profile(
    session: SessionDep,
    editor: Editor,
    idempotency: IdempotencyDep,
    draft: Annotated[ProfileIn, Body(openapi_examples=NEW_EXAMPLES)],
    response: Response,
) -> ProfileOut:
    """Add a profile. Profiles are public to anyone who knows the name, so don't include secrets."""
    response.headers["Location"] = f"/api/v1/admin/library-profiles/{draft.slug}"
    return idempotency.run_once(
        session, ProfileOut, lambda: profiles.add_profile(session, draft, actor=editor)
    )


@router.get("/{slug}", summary="Get a library profile", responses=responses(NotFoundError))
def get_library_profile(session: ReadSessionDep, _editor: Editor, slug: ProfilePath) -> ProfileOut:
    """Return one profile."""
    return profiles.get_profile(session, slug)


@router.put("/{slug}", summary="Replace a library profile", responses=responses(NotFoundError))
def replace_library_profile(
    session: SessionDep,
    editor: Editor,
    slug: ProfilePath,
    draft: Annotated[ProfileSettings, Body(openapi_examples=REPLACE_EXAMPLES)],
) -> ProfileOut:
    """Replace the profile with the body. Fields that are left out get their defaults."""
    return profiles.replace_profile(session, slug, draft, actor=editor)


@router.delete(
    "/{slug}",
    summary="Remove a library profile",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses(NotFoundError),
)
def delete_library_profile(session: SessionDep, editor: Editor, slug: ProfilePath) -> None:
    """Remove a profile. URLs that use it stop working."""
    profiles.remove_profile(session, slug, actor=editor)
