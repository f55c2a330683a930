"""Staff endpoints that replace: a license with a corrected one, a lost disc with a new one."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.core.db import SessionDep
from app.core.errors import ConflictError, InvalidInputError, NotFoundError, responses
from app.core.fields import Day, Whole
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.licenses.corrections import LicenseCorrection, LicenseNotCorrectableError
from app.licenses.entitlements import get_downloads, issue_again
from app.licenses.queries import get_license_by_number
from app.licenses.schemas import StaffLicenseOut
from app.licenses.verification import status_today
from app.orders import replacements
from app.orders.admin_routes import DENIED, ChangeDep, Seller
from app.orders.deliveries import DeliveryOut, describe_deliveries
from app.orders.drafts import Line
from app.orders.models import Order
from app.orders.queries import get_order_by_number
from app.orders.replacements import LicenseNotInForceError, ReplacementPendingError
from app.orders.routes import NumberPath
from app.orders.schemas import StaffOrderOut

router = APIRouter(prefix="/admin", responses=responses(*DENIED))
MAX_SITES = 50


class CorrectLicenseIn(BaseModel):
    """What is to be on the corrected license. Null leaves it as it is."""

    model_config = ConfigDict(extra="forbid")

    licensee: Line | None = Field(default=None, examples=["Example State College"])
    sites: list[Line] | None = Field(default=None, max_length=MAX_SITES)
    starts_on: Day | None = Field(
        default=None, description="First day. The last day moves along unless you set it"
    )
    ends_on: Day | None = Field(default=None, description="Last day")
    reason: Line = Field(description="The buyer can read it", examples=["Wrong campus name"])


class IssueLinkIn(BaseModel):
    """Issue a new download link."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = Field(description="For the license's history", examples=["New computer"])


class ReplaceDiscIn(BaseModel):
    """Send a new disc for one that was lost or damaged."""

    model_config = ConfigDict(extra="forbid")

    line: Whole = Field(ge=1, le=1000, description="The number of the order line")
    quantity: Whole = Field(default=1, ge=1, le=1000)
    reason: Line = Field(examples=["Arrived cracked"])


@router.post(
    "/licenses/{number}/correct",
    tags=["staff: licenses"],
    summary="Correct a license",
    responses=responses(
        NotFoundError, InvalidInputError, LicenseNotCorrectableError, IdempotencyKeyReusedError
    ),
)
def correct_license(
    session: SessionDep,
    idempotency: IdempotencyDep,
    number: NumberPath,
    seller: Seller,
    body: CorrectLicenseIn,
) -> StaffLicenseOut:
    """Replace a license by a corrected one, which is returned. Needs `orders:write`.

    The old number still verifies and points to the new one. The buyer gets the new certificate.
    """

    def work() -> StaffLicenseOut:
        correction = LicenseCorrection(
            licensee=body.licensee,
            starts_on=body.starts_on,
            ends_on=body.ends_on,
            sites=None if body.sites is None else tuple(body.sites),
        )
        corrected = replacements.correct_license_of_order(
            session, number, correction, actor=seller, reason=body.reason
        )
        return StaffLicenseOut.of(corrected, status=status_today(corrected))

    return idempotency.run_once(session, StaffLicenseOut, work)


@router.post(
    "/licenses/{number}/link",
    tags=["staff: licenses"],
    summary="Issue a download link",
    responses=responses(NotFoundError, ConflictError, IdempotencyKeyReusedError),
)
def issue_download_link(
    session: SessionDep,
    idempotency: IdempotencyDep,
    number: NumberPath,
    seller: Seller,
    body: IssueLinkIn,
) -> DeliveryOut:
    """Replace the download link of a license, and start its count again. Needs `orders:write`.

    The old link and all downloads that it started end at once.
    """

    def work() -> DeliveryOut:
        license_ = get_license_by_number(session, number)
        entitlement = get_downloads(session, license_)
        issue_again(session, license_, entitlement, actor=seller, reason=body.reason)
        order = get_order_by_number(session, license_.order_number)
        base_url = str(order.seller["base_url"])
        return describe_deliveries(session, [license_], base_url=base_url)[0]

    return idempotency.run_once(session, DeliveryOut, work)


@router.post(
    "/orders/{number}/replace-disc",
    tags=["staff: orders"],
    summary="Replace a disc",
    responses=responses(
        NotFoundError,
        InvalidInputError,
        ReplacementPendingError,
        LicenseNotInForceError,
        IdempotencyKeyReusedError,
    ),
)
def replace_disc(
    change: ChangeDep, number: NumberPath, seller: Seller, body: ReplaceDiscIn
) -> StaffOrderOut:
    """Prepare a free parcel for a disc that was lost or damaged. Needs `orders:write`."""

    def apply(session: Session, order: Order) -> None:
        replacements.replace_disc(
            session,
            order,
            line_number=body.line,
            quantity=body.quantity,
            actor=seller,
            reason=body.reason,
        )

    return change.run(number, apply)
