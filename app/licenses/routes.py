"""HTTP endpoints of licenses, for anyone who knows a number or holds a license."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError, responses
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep, answer_with
from app.licenses.certificates import certificate_json, certificate_pdf
from app.licenses.queries import get_license_for_holder
from app.licenses.schemas import CertificateOut, VerificationOut
from app.licenses.verification import verify_license

router = APIRouter(prefix="/licenses", tags=["licenses"])


def license_token(
    token: Annotated[
        str | None, Query(max_length=200, description="The license's access token, as in its links")
    ] = None,
    x_license_token: Annotated[
        str | None,
        Header(
            max_length=200, description=("The same token, sent as a header instead of in the URL")
        ),
    ] = None,
) -> str:
    """Read the secret from the header or the address."""
    return x_license_token or token or ""


TokenDep = Annotated[str, Depends(license_token)]
NumberPath = Annotated[
    str, Path(max_length=40, description="The license's number", examples=["RL-7K3QF9TD"])
]


@router.get(
    "/{number}/verification",
    summary="Check a license",
    responses=responses(NotFoundError),
)
@public_read(cached=False)
def get_verification(session: ReadSessionDep, number: NumberPath) -> VerificationOut:
    """Return whether a license is in effect. Public, without names of people or prices."""
    return verify_license(session, number)


@router.get(
    "/{number}/certificate.json",
    summary="Get a certificate as JSON",
    responses=responses(NotFoundError),
)
def get_certificate_json(
    session: ReadSessionDep, settings: SettingsDep, number: NumberPath, token: TokenDep
) -> CertificateOut:
    """Return the certificate to holders of its access token. For others, it does not exist."""
    return certificate_json(get_license_for_holder(session, number, token), settings)


@router.get(
    "/{number}/certificate.pdf",
    summary="Get a certificate as PDF",
    response_class=Response,
    responses={
        **responses(NotFoundError),
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
    },
)
def get_certificate_pdf(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    number: NumberPath,
    token: TokenDep,
) -> Response:
    """Return the certificate, tagged for screen readers, to holders of its access token."""
    license_ = get_license_for_holder(session, number, token)
    return answer_with(
        request,
        partial(certificate_pdf, license_, settings),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="license-{license_.number}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )
