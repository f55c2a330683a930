"""Files and streams are delivered by the store itself as soon as they are there.

Staff deliver by hand only what has no file. A worker looks again until the file comes.
"""

from datetime import timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.catalog.parts_models import Version
from app.core.work_queue import WorkQueue
from app.licenses.files import find_licensed_files
from app.licenses.models import License
from app.media.packages import find_ready_versions
from app.offers.states import Delivery
from app.orders.carriers import ELECTRONIC
from app.orders.fulfillment import ship
from app.orders.holds import find_hold
from app.orders.models import Order, Shipment
from app.orders.queries import lock_order
from app.orders.states import ShipmentKind, ShipmentState

WORK_QUEUE = WorkQueue(
    key=Shipment.id,
    due_at=Shipment.deliver_at,
    is_due=lambda at: and_(
        Shipment.deliver_at <= at,
        Shipment.kind == ShipmentKind.ELECTRONIC,
        Shipment.state == ShipmentState.PENDING,
    ),
    retry_after=timedelta(minutes=1),
)
DELIVERER = Actor.system("deliver files")


def deliver_files(sessions: sessionmaker[Session], *, shipment_id: int) -> int:
    """Deliver the films of a shipment whose files are there. Return how many lines went."""
    with sessions.begin() as session:
        number = session.scalar(
            select(Order.number)
            .join(Shipment, Shipment.order_id == Order.id)
            .where(Shipment.id == shipment_id)
        )
        if number is None:
            return 0
        order = lock_order(session, number)
        shipment = session.get_one(Shipment, shipment_id)
        if shipment.state is not ShipmentState.PENDING or find_hold(order, shipment):
            return 0
        licenses = {line.number: line.license for line in order.lines}
        ready = {
            entry["line"]: entry["quantity"]
            for entry in shipment.lines
            if _is_ready(session, licenses.get(entry["line"]))
        }
        if ready:
            ship(
                session,
                order,
                carrier=ELECTRONIC,
                shipment_id=shipment_id,
                quantities=ready,
                actor=DELIVERER,
            )
        return len(ready)


def _is_ready(session: Session, license_: License | None) -> bool:
    """Return whether all that a license gives is there: its files, or packages to stream."""
    if license_ is None:
        return False
    if license_.delivery == Delivery.FILE:
        return find_licensed_files(session, license_).is_complete
    version_ids = session.scalars(
        select(Version.id).where(
            Version.film_id == license_.film_id, Version.label.in_(license_.version_labels)
        )
    ).all()
    ready = find_ready_versions(session, version_ids)
    return 0 < len(ready) == len(license_.version_labels)
