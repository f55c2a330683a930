"""The list of search synonyms, for staff's programs. The console has a page for it."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import require_scopes
from app.accounts.permissions import Scope
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import responses
from app.search import synonyms
from app.search.synonyms import SynonymsIn

router = APIRouter(
    prefix="/admin",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
Editor = Annotated[Actor, Depends(require_scopes(Scope.CATALOG_WRITE))]


@router.get("/search-synonyms", summary="List search synonyms")
def list_synonyms(session: ReadSessionDep, _editor: Editor) -> SynonymsIn:
    """Return the groups of words and phrases that searches treat as equal."""
    return SynonymsIn(groups=synonyms.read_synonyms(session))


@router.put("/search-synonyms", summary="Replace the search synonyms")
def replace_synonyms(session: SessionDep, editor: Editor, wanted: SynonymsIn) -> SynonymsIn:
    """Replace the whole list. Searches use it within a second."""
    synonyms.replace_synonyms(session, wanted, base=None, actor=editor)
    return wanted
