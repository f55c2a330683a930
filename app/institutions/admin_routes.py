"""Staff endpoints of institutions."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import MOVED, ConflictError, NotFoundError, responses
from app.core.fields import SearchText
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep
from app.core.preconditions import IfMatchDep, PreconditionFailedError, etag_of
from app.core.request_middleware import SettingsDep
from app.institutions import invitations, members, merging, providers, queries, service
from app.institutions.member_schemas import (
    InvitationIn,
    InvitationOut,
    MemberOut,
    MemberPatch,
    PeopleOut,
)
from app.institutions.models import Institution
from app.institutions.openid import Provider
from app.institutions.schemas import (
    InstitutionIn,
    InstitutionOut,
    InstitutionPatch,
    InstitutionSummaryOut,
    MergeInto,
    ProviderIn,
    ProviderOut,
)

router = APIRouter(
    prefix="/admin/institutions",
    tags=["staff: institutions"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]
Editor = Annotated[Actor, Depends(require_scopes(Scope.CUSTOMERS_WRITE))]
MemberRef = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,20}$")]
Ref = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9-]{1,20}$", description="The institution's number, `IN-...`")
]


@router.get("", summary="List institutions")
def list_institutions(
    session: ReadSessionDep,
    _reader: Reader,
    page: PageDep,
    q: Annotated[
        SearchText, Query(description="Part of the name, a domain, an identifier, or a number")
    ] = "",
) -> Page[InstitutionSummaryOut]:
    """List institutions by name. Merged ones are left out."""
    rows, cursor = queries.find_institutions(session, page, q=q)
    return Page(items=[queries.summary_out(row) for row in rows], next=cursor)


@router.post(
    "",
    summary="Add an institution",
    status_code=HTTPStatus.CREATED,
    responses=responses(ConflictError, IdempotencyKeyReusedError),
)
def create_institution(
    *,
    session: SessionDep,
    editor: Editor,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    body: InstitutionIn,
    response: Response,
) -> InstitutionOut:
    """Add an institution. Class and size count as stated until they are verified."""

    def work() -> InstitutionOut:
        made = service.create_institution(session, body, currency=settings.currency, actor=editor)
        return queries.institution_out(session, made, currency=settings.currency)

    answer = idempotency.run_once(session, InstitutionOut, work)
    response.headers["Location"] = f"/api/v1/admin/institutions/{answer.ref}"
    return _tagged(response, answer)


@router.get("/{ref}", summary="Get an institution", responses={**responses(NotFoundError), **MOVED})
def get_institution(
    session: ReadSessionDep, _reader: Reader, settings: SettingsDep, ref: Ref, response: Response
) -> InstitutionOut:
    """Return the institution with its `ETag`. A merged one leads to the one that remains."""
    return _tagged(response, _read(session, ref, settings.currency))


@router.patch(
    "/{ref}",
    summary="Update fields of an institution",
    responses={**responses(NotFoundError, ConflictError, PreconditionFailedError), **MOVED},
)
def change_institution(
    *,
    session: SessionDep,
    editor: Editor,
    settings: SettingsDep,
    condition: IfMatchDep,
    response: Response,
    ref: Ref,
    patch: InstitutionPatch,
) -> InstitutionOut:
    """Update the given fields; null clears one. A change of class or size ends verification."""
    institution = queries.get_institution(session, ref, for_change=True)
    condition.check(queries.institution_out(session, institution, currency=settings.currency))
    service.change_institution(
        session, institution, patch, currency=settings.currency, actor=editor
    )
    return _tagged(response, _read(session, ref, settings.currency))


@router.post(
    "/{ref}/verify",
    summary="Verify class and size",
    responses={**responses(NotFoundError, PreconditionFailedError), **MOVED},
)
def verify_institution(
    *,
    session: SessionDep,
    editor: Editor,
    settings: SettingsDep,
    condition: IfMatchDep,
    response: Response,
    ref: Ref,
) -> InstitutionOut:
    """Record that staff verified class and size. Safe to repeat."""
    institution = queries.get_institution(session, ref, for_change=True)
    condition.check(queries.institution_out(session, institution, currency=settings.currency))
    service.verify_institution(session, institution, actor=editor)
    return _tagged(response, _read(session, ref, settings.currency))


@router.post(
    "/{ref}/merge",
    summary="Merge an institution into another",
    responses={**responses(NotFoundError, IdempotencyKeyReusedError), **MOVED},
)
def merge_institution(
    *,
    session: SessionDep,
    editor: Editor,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    ref: Ref,
    body: MergeInto,
) -> InstitutionOut:
    """Move people, orders, domains, and all else to the one that remains, which is returned."""

    def work() -> InstitutionOut:
        merging.merge_institutions(session, ref, body.into, actor=editor, reason=body.reason)
        return _read(session, body.into, settings.currency)

    return idempotency.run_once(session, InstitutionOut, work)


@router.post(
    "/{ref}/undo-merge",
    summary="Undo a merge",
    responses=responses(NotFoundError, ConflictError, IdempotencyKeyReusedError),
)
def undo_merge(
    *,
    session: SessionDep,
    editor: Editor,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    ref: Ref,
) -> InstitutionOut:
    """Restore a merged institution, with what moved to the other one then and is still there."""

    def work() -> InstitutionOut:
        merging.undo_merge(session, ref, actor=editor)
        return _read(session, ref, settings.currency)

    return idempotency.run_once(session, InstitutionOut, work)


@router.get(
    "/{ref}/sign-in",
    summary="Get the identity provider of an institution",
    responses={**responses(NotFoundError), **MOVED},
)
def get_provider(session: ReadSessionDep, _reader: Reader, ref: Ref) -> ProviderOut:
    """Return the OpenID Connect provider, without its secret."""
    provider = providers.find_provider(session, queries.get_institution(session, ref))
    if provider is None:
        detail = "This institution has no identity provider. Its people sign in by email."
        raise NotFoundError(detail)
    return ProviderOut(issuer=provider.issuer, client_id=provider.client_id)


@router.put(
    "/{ref}/sign-in",
    summary="Set the identity provider of an institution",
    responses={**responses(NotFoundError), **MOVED},
)
def set_provider(session: SessionDep, editor: Editor, ref: Ref, body: ProviderIn) -> ProviderOut:
    """Let people with addresses at the institution's domains sign in with OpenID Connect."""
    institution = queries.get_institution(session, ref, for_change=True)
    provider = Provider(body.issuer, body.client_id, body.client_secret.get_secret_value())
    providers.set_provider(session, institution, provider, actor=editor)
    return ProviderOut(issuer=body.issuer, client_id=body.client_id)


@router.delete(
    "/{ref}/sign-in",
    summary="Remove the identity provider of an institution",
    status_code=HTTPStatus.NO_CONTENT,
    responses={**responses(NotFoundError), **MOVED},
)
def remove_provider(session: SessionDep, editor: Editor, ref: Ref) -> None:
    """Let the institution's people sign in by email only. Safe to repeat."""
    institution = queries.get_institution(session, ref, for_change=True)
    providers.set_provider(session, institution, None, actor=editor)


@router.get(
    "/{ref}/members",
    summary="List the people of an institution",
    responses={**responses(NotFoundError), **MOVED},
)
def list_members(session: ReadSessionDep, _reader: Reader, ref: Ref) -> PeopleOut:
    """List people and the invitations that wait for an answer."""
    return _people(session, queries.get_institution(session, ref))


@router.post(
    "/{ref}/members",
    summary="Invite a person",
    status_code=HTTPStatus.CREATED,
    responses={**responses(NotFoundError, IdempotencyKeyReusedError), **MOVED},
)
def invite_member(
    *,
    session: SessionDep,
    editor: Editor,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    ref: Ref,
    body: InvitationIn,
) -> InvitationOut:
    """Email a person a link that makes them a member. It replaces an earlier invitation."""

    def work() -> InvitationOut:
        institution = queries.get_institution(session, ref)
        return InvitationOut.of(
            invitations.invite_person(session, settings, institution, body, actor=editor)
        )

    return idempotency.run_once(session, InvitationOut, work)


@router.patch(
    "/{ref}/members/{member}",
    summary="Change, deactivate, or move a person",
    responses={**responses(NotFoundError), **MOVED},
)
def change_member(
    *, session: SessionDep, editor: Editor, ref: Ref, member: MemberRef, patch: MemberPatch
) -> MemberOut:
    """Update the given fields. A person who is deactivated or moved is signed out everywhere."""
    institution = queries.get_institution(session, ref)
    person = members.get_member(session, institution, member, for_change=True)
    members.change_member(session, person, patch, actor=editor)
    return MemberOut.of(person)


@router.delete(
    "/{ref}/invitations/{invitation}",
    summary="Withdraw an invitation",
    status_code=HTTPStatus.NO_CONTENT,
    responses={**responses(NotFoundError), **MOVED},
)
def withdraw_invitation(
    session: SessionDep, editor: Editor, ref: Ref, invitation: MemberRef
) -> None:
    """Make the link of an invitation useless. Safe to repeat."""
    institution = queries.get_institution(session, ref)
    invitations.withdraw_invitation(session, institution, invitation, actor=editor)


def _people(session: Session, institution: Institution) -> PeopleOut:
    return PeopleOut(
        members=[MemberOut.of(each) for each in members.find_members(session, institution)],
        invitations=[
            InvitationOut.of(each)
            for each in invitations.find_open_invitations(session, institution)
        ],
    )


def _read(session: Session, ref: str, currency: str) -> InstitutionOut:
    institution = queries.get_institution(session, ref)
    return queries.institution_out(session, institution, currency=currency)


def _tagged(response: Response, answer: InstitutionOut) -> InstitutionOut:
    """Give the answer the ETag that a later change may name."""
    response.headers["ETag"] = etag_of(answer)
    return answer
