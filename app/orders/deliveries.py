"""What an order delivers without a parcel: files to download, and hosted streams."""

from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.licenses.entitlements import find_entitlements
from app.licenses.files import LicensedFiles, find_licensed_files
from app.licenses.models import Entitlement, License
from app.licenses.states import EntitlementKind, LicenseStatus
from app.licenses.verification import status_today
from app.orders.models import Order

DeliveryState = Literal["preparing", "ready", "used_up", "not_started", "ended"]


class DeliveredFileOut(BaseModel):
    """A file that can be downloaded."""

    name: str = Field(examples=["the-red-soul-feature.mp4"])
    bytes: int
    sha256: str


class DeliveryOut(BaseModel):
    """How the film of a license of files or a hosted stream reaches the licensee."""

    kind: Literal["download", "stream"]
    license: str = Field(examples=["RL-7K3QF9TD"])
    film_title: str
    url: str = Field(
        description=(
            "The page of the downloads, which opens for all who have its link, or the watch page"
        )
    )
    state: DeliveryState = Field(
        description=(
            "`preparing`: a file is missing still; `used_up`: no download is left; `not_started` "
            "and `ended`: the license is not in effect"
        )
    )
    downloads_left: int | None = Field(description="Null for a stream")
    files: list[DeliveredFileOut] = Field(description="The film and its captions; none of a stream")


def find_deliveries(session: Session, order: Order) -> list[DeliveryOut]:
    """Return the deliveries of the licenses of an order, in the order of its lines."""
    licenses = [line.license for line in order.lines if line.license is not None]
    base_url = str(order.seller["base_url"])
    return describe_deliveries(session, licenses, base_url=base_url)


def describe_deliveries(
    session: Session, licenses: list[License], *, base_url: str
) -> list[DeliveryOut]:
    """Return how the films of these licenses are delivered; discs are left out."""
    entitlements = find_entitlements(session, [license_.id for license_ in licenses])
    return [
        _delivery(session, license_, entitlements[license_.id], base_url)
        for license_ in licenses
        if license_.id in entitlements and license_.status is not LicenseStatus.REPLACED
    ]


def _delivery(
    session: Session, license_: License, entitlement: Entitlement, base_url: str
) -> DeliveryOut:
    if entitlement.kind is EntitlementKind.STREAM:
        return DeliveryOut(
            kind="stream",
            license=license_.number,
            film_title=license_.film_title,
            url=f"{base_url}/watch/{license_.film_slug}",
            state=_state_by_date(license_) or "ready",
            downloads_left=None,
            files=[],
        )
    content = find_licensed_files(session, license_)
    return DeliveryOut(
        kind="download",
        license=license_.number,
        film_title=license_.film_title,
        url=f"{base_url}/downloads/{entitlement.secret}",
        state=_state_by_date(license_) or _state_of_files(entitlement, content),
        downloads_left=max((entitlement.max_uses or 0) - entitlement.uses, 0),
        files=[
            DeliveredFileOut(name=file.name, bytes=file.size_bytes, sha256=file.sha256)
            for file in content.files
        ],
    )


def _state_by_date(license_: License) -> DeliveryState | None:
    status = status_today(license_)
    if status is LicenseStatus.ACTIVE:
        return None
    return "not_started" if status is LicenseStatus.SCHEDULED else "ended"


def _state_of_files(entitlement: Entitlement, content: LicensedFiles) -> DeliveryState:
    if not content.is_complete:
        return "preparing"
    is_used_up = entitlement.max_uses is not None and entitlement.uses >= entitlement.max_uses
    return "used_up" if is_used_up else "ready"
