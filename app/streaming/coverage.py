"""Which license covers a viewer, and which package it plays: the rows behind ``decide``."""

from datetime import datetime
from http import HTTPStatus

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.access.claims import Claim
from app.access.decisions import LicenseFacts, Refused, decide
from app.catalog.models import Film
from app.core.errors import AppError
from app.licenses.models import Entitlement, License
from app.licenses.states import EntitlementKind
from app.media.package_contents import PackageContents
from app.media.packages import find_ready
from app.offers.states import Delivery
from app.orders.models import Order
from app.streaming.play_models import Play


class NotCoveredError(AppError):
    """No license of the viewer's institution covers the film now."""

    type = "not-covered"
    title = "No license covers this film"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, refused: Refused) -> None:
        super().__init__(f"No license covers this film: {refused.reason.value}.")
        self.refused = refused


def get_covering_license(
    session: Session, claim: Claim, film_id: int, *, now: datetime, for_play: bool = False
) -> License:
    """Return the streaming license of the viewer's institution that covers the film.

    ``for_play`` locks what counts its seats until the transaction ends, so that plays that begin
    at the same moment do not share the last one.

    Raises:
        NotCoveredError: none does; it says why.
    """
    rows = session.execute(
        select(License, Order.institution_id, Entitlement.max_uses)
        .join(Order, Order.number == License.order_number)
        .outerjoin(
            Entitlement,
            and_(
                Entitlement.license_id == License.id,
                Entitlement.kind == EntitlementKind.STREAM,
            ),
        )
        .where(
            License.film_id == film_id,
            License.delivery == Delivery.STREAM,
            Order.institution_id == claim.institution_id,
        )
    ).all()
    capped = [license_.id for license_, _, limit in rows if limit is not None]
    if for_play and capped:
        session.execute(
            select(Entitlement.id)
            .where(Entitlement.license_id.in_(capped))
            .order_by(Entitlement.id)
            .with_for_update()
        )
    facts = {}
    for license_, owner, limit in rows:
        playing = 0 if limit is None else count_seats(session, license_.id, now=now)
        facts[license_.number] = _facts(license_, owner, limit, playing)
    decision = decide(claim.viewer, facts.values(), now=now)
    if isinstance(decision, Refused):
        raise NotCoveredError(decision)
    return next(row[0] for row in rows if row[0].number == decision.license.number)


def find_contents(
    session: Session, film: Film, license_: License, label: str = ""
) -> PackageContents | None:
    """Return what a license plays: the version of this label, else its first that is ready."""
    licensed = [version for version in film.versions if version.label in license_.version_labels]
    for version in sorted(licensed, key=lambda each: each.label != label):
        contents = find_ready(session, version.id)
        if contents is not None:
            return contents
    return None


def count_seats(session: Session, license_id: int, *, now: datetime) -> int:
    """Return how many plays of a license take a seat now."""
    taken = select(func.count()).where(Play.license_id == license_id, Play.seat_until > now)
    return session.scalars(taken).one()


def _facts(
    license_: License, institution_id: int | None, limit: int | None, playing: int
) -> LicenseFacts:
    return LicenseFacts(
        number=license_.number,
        institution_id=institution_id,
        starts_on=license_.starts_on,
        ends_on=license_.ends_on,
        state=license_.status.value,
        time_zone=license_.time_zone,
        sites=frozenset(license_.sites),
        max_concurrent=limit,
        playing=playing,
    )
