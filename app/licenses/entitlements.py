"""Entitlements: the access that a license gives, its limits, and how often it was used.

Whether a license is in effect, and until when, is the license's own: an entitlement has no dates.
"""

from collections.abc import Collection
from hashlib import sha256

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.db import is_one_of
from app.core.errors import ConflictError
from app.core.numbers import new_token
from app.licenses.models import Entitlement, License
from app.licenses.states import EntitlementKind, LicenseStatus
from app.offers.states import Delivery

# Enough for a mistake, another computer, and a colleague. Staff can add more.
MAX_DOWNLOADS = 10
# After these a leak is somewhere that new links do not close.
MAX_BUYER_GENERATION = 4
KINDS_BY_DELIVERY = {
    Delivery.FILE: EntitlementKind.DOWNLOAD,
    Delivery.STREAM: EntitlementKind.STREAM,
}


class LinkNotRenewedError(ConflictError):
    """The download link cannot be replaced by its holder any more."""

    type = "link-not-renewed"
    title = "Link cannot be replaced"


def create_entitlements(session: Session, license_: License, *, used: int = 0) -> None:
    """Give a license that was just issued the access that belongs to its delivery; discs none.

    ``used`` is how often the license that it corrects was used.
    """
    kind = KINDS_BY_DELIVERY.get(Delivery(license_.delivery))
    if kind is None:
        return
    is_download = kind is EntitlementKind.DOWNLOAD
    secret = new_token() if is_download else None
    session.add(
        Entitlement(
            license_id=license_.id,
            kind=kind,
            max_uses=MAX_DOWNLOADS if is_download else None,
            uses=used,
            secret=secret,
            secret_hash=hash_secret(secret) if secret else None,
        )
    )
    session.flush()


def find_entitlement(
    session: Session, license_: License, kind: EntitlementKind
) -> Entitlement | None:
    """Return the entitlement of this kind; None if the license has none."""
    return session.scalar(
        select(Entitlement).where(Entitlement.license_id == license_.id, Entitlement.kind == kind)
    )


def get_downloads(session: Session, license_: License) -> Entitlement:
    """Return the entitlement of a license to files.

    Raises:
        ConflictError: it has none: it is for a disc or a stream.
    """
    entitlement = find_entitlement(session, license_, EntitlementKind.DOWNLOAD)
    if entitlement is None or license_.status is LicenseStatus.REPLACED:
        detail = f"License {license_.number} has no files to download."
        raise ConflictError(detail)
    return entitlement


def find_entitlements(session: Session, license_ids: Collection[int]) -> dict[int, Entitlement]:
    """Return the entitlements of these licenses to files or streams, by license."""
    if not license_ids:
        return {}
    rows = session.scalars(
        select(Entitlement).where(is_one_of(session, Entitlement.license_id, license_ids))
    )
    return {row.license_id: row for row in rows}


def find_by_secret(session: Session, secret: str, kind: EntitlementKind) -> Entitlement | None:
    """Return the entitlement that a link opens now; None if the link was replaced or never was."""
    return session.scalar(
        select(Entitlement).where(
            Entitlement.secret_hash == hash_secret(secret), Entitlement.kind == kind
        )
    )


def use_once(session: Session, entitlement: Entitlement) -> bool:
    """Count one use. Return False if none is left, or if the link was replaced since."""
    is_counted = session.scalar(
        update(Entitlement)
        .where(
            Entitlement.id == entitlement.id,
            Entitlement.generation == entitlement.generation,
            or_(Entitlement.max_uses.is_(None), Entitlement.uses < Entitlement.max_uses),
        )
        .values(uses=Entitlement.uses + 1, updated_at=clock.now())
        .returning(Entitlement.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(entitlement)
    return is_counted is not None


def replace_link(
    session: Session, license_: License, entitlement: Entitlement, *, actor: Actor, reason: str
) -> None:
    """Replace a link on its holder's request: the old one ends, and the count goes on.

    Raises:
        LinkNotRenewedError: it was replaced too often.
    """
    if entitlement.generation >= MAX_BUYER_GENERATION:
        detail = "This link was replaced too often. Email us, and we send a new one."
        raise LinkNotRenewedError(detail)
    _replace(session, license_, entitlement, uses=entitlement.uses, actor=actor, reason=reason)


def issue_again(
    session: Session, license_: License, entitlement: Entitlement, *, actor: Actor, reason: str
) -> None:
    """Replace a link as staff: the old one ends, and the count starts again."""
    _replace(session, license_, entitlement, uses=0, actor=actor, reason=reason)


def hash_secret(secret: str) -> str:
    """Return what is stored of the secret in a link."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _replace(
    session: Session,
    license_: License,
    entitlement: Entitlement,
    *,
    uses: int,
    actor: Actor,
    reason: str,
) -> None:
    secret = new_token()
    moved = session.scalar(
        update(Entitlement)
        .where(
            Entitlement.id == entitlement.id,
            Entitlement.generation == entitlement.generation,
        )
        .values(
            secret=secret,
            secret_hash=hash_secret(secret),
            generation=Entitlement.generation + 1,
            uses=uses,
            updated_at=clock.now(),
        )
        .returning(Entitlement.id)
        .execution_options(synchronize_session=False)
    )
    used = entitlement.uses
    session.refresh(entitlement)
    if moved is None:
        return  # a concurrent request replaced it
    audit.record(
        session,
        actor=actor,
        action="license.link_replaced",
        object_type="license",
        object_ref=license_.number,
        before={"link": entitlement.generation - 1, "downloads": used},
        after={"link": entitlement.generation, "downloads": uses},
        reason=reason,
    )
