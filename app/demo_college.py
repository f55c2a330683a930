"""A made-up college with a year of orders, so that no page of a store on trial is empty.

For development only: the caller refuses to run this in production.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.demo import DEMO_DOMAIN, DEMO_LIBRARIAN
from app.core import clock
from app.core.config import Settings
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.institutions.member_models import MemberRole
from app.institutions.members import (
    find_institution_by_domain,
    join_institution,
    lock_member,
)
from app.institutions.models import Institution
from app.institutions.schemas import InstitutionIn
from app.institutions.service import create_institution, verify_institution
from app.offers.queries import get_offer
from app.orders.acceptance import accept
from app.orders.fulfillment import ship
from app.orders.models import Order
from app.orders.payment_recording import record_payment
from app.orders.placement import OrderDraft, place
from app.orders.states import PaymentMethod
from app.quotes.drafts import QuoteDraft
from app.quotes.service import create_quote
from app.receivables.receipts import MatchDraft, ReceiptDraft, record_receipt

log = logging.getLogger(__name__)
SEED = Actor.system("seed")
PEOPLE = {
    DEMO_LIBRARIAN: ("Nora Whitfield", MemberRole.LIBRARIAN),
    f"approver@{DEMO_DOMAIN}": ("Samuel Okafor", MemberRole.APPROVER),
    f"payables@{DEMO_DOMAIN}": ("Accounts Payable", MemberRole.ACCOUNTS_PAYABLE),
}
ADDRESS = {
    "line1": "400 College Hill Road",
    "line2": "Harlan Library",
    "city": "Lakemont",
    "region": "PA",
    "postal_code": "16601",
    "country": "US",
}
COLLEGE: dict[str, Any] = {
    "name": "Lakemont State College",
    "class": "college",
    "size": 6150,
    "size_year": 2025,
    "size_source": "ipeds",
    "country": "US",
    "time_zone": "America/New_York",
    "billing_address": ADDRESS,
    "terms_days": 30,
    "domains": [DEMO_DOMAIN],
    "sites": [{"name": "Harlan Library", "place": "Lakemont"}],
    "notes": "A made-up college, to try the store out.",
}
BUYER = {
    "institution": COLLEGE["name"],
    "class": "college",
    "size": COLLEGE["size"],
    "contact_name": PEOPLE[DEMO_LIBRARIAN][0],
    "email": DEMO_LIBRARIAN,
}


def seed_demo_college(session: Session, settings: Settings) -> bool:
    """Make the college, its people, and its orders, unless its domain is taken.

    Return False if nothing was made, also because the catalog no longer has what it bought.
    """
    if find_institution_by_domain(session, DEMO_DOMAIN) is not None:
        return False
    try:
        with session.begin_nested():
            _make_college(session, settings)
            _make_history(session, settings)
    except (ConflictError, InvalidInputError, NotFoundError) as error:
        log.warning("demo_college.skipped", extra={"reason": str(error)})
        return False
    return True


def _make_college(session: Session, settings: Settings) -> Institution:
    with _days_ago(200):
        draft = InstitutionIn.model_validate(COLLEGE)
        college = create_institution(session, draft, currency=settings.currency, actor=SEED)
        verify_institution(session, college, actor=SEED)
        for email, (name, role) in PEOPLE.items():
            member = lock_member(session, email)
            member.name = name
            join_institution(session, member, college, roles=[role])
    return college


def _make_history(session: Session, settings: Settings) -> None:
    """Buy in each way, the oldest first: numbers of invoices follow the days."""
    with _days_ago(172):  # a license of it ends soon
        order = _order(session, settings, "the-son-dsl-semester", "alice-street-dsl-perpetual")
        record_payment(
            session,
            number=order.number,
            paid=order.total,
            method=PaymentMethod.CARD,
            reference="pi_demo_college",
            actor=SEED,
        )
        ship(session, order, carrier="", actor=SEED)
    with _days_ago(120):  # paid by check, below
        by_check = _order_on_terms(session, settings, "belly-of-the-beast-dsl-3y", "LSC-26-0311")
        ship(session, by_check, carrier="", actor=SEED)
    with _days_ago(85):
        receipt = ReceiptDraft(
            payer=COLLEGE["name"],
            method=PaymentMethod.CHECK,
            reference="100482",
            amount=by_check.total,
            received_on=clock.today(),
        )
        matches = [MatchDraft(by_check.number)]
        record_receipt(session, receipt, matches, today=clock.today(), actor=SEED)
    with _days_ago(41):  # overdue
        late = _order_on_terms(session, settings, "the-apology-dsl-3y", "LSC-26-0398")
        ship(session, late, carrier="", actor=SEED)
    with _days_ago(12):  # open, not yet due, and its file is to be sent
        _order_on_terms(session, settings, "girl-model-dsl-1y", "LSC-26-0437")
    with _days_ago(4):
        draft = {
            "lines": [{"offer": "the-red-soul-dsl-3y"}, {"offer": "pripyat-dvd-ppr"}],
            "buyer": BUYER,
        }
        create_quote(
            session, QuoteDraft.model_validate(draft), settings=settings, actor=_librarian()
        )
    with _days_ago(1):  # waits for staff to accept it
        _order(session, settings, "the-red-soul-dvd-ppr", po_number="LSC-26-0452")


def _order_on_terms(session: Session, settings: Settings, sku: str, po_number: str) -> Order:
    return accept(session, _order(session, settings, sku, po_number=po_number), actor=SEED)


def _order(session: Session, settings: Settings, *skus: str, po_number: str | None = None) -> Order:
    """Place an order as the librarian does."""
    texts = {offer.license_text for offer in (get_offer(session, sku) for sku in skus)}
    draft = {
        "lines": [{"offer": sku} for sku in skus],
        "buyer": BUYER,
        "billing_address": ADDRESS,
        "shipping_address": ADDRESS,
        "accepted_texts": [{"code": text.code, "version": text.version} for text in texts],
    }
    if po_number:
        payables = f"payables@{DEMO_DOMAIN}"
        contact = {"ap_name": PEOPLE[payables][0], "ap_email": payables}
        draft |= {"po_number": po_number, "purchase_order": contact}
    return place(session, OrderDraft.model_validate(draft), settings=settings, actor=_librarian())


def _librarian() -> Actor:
    return Actor.member(DEMO_LIBRARIAN, PEOPLE[DEMO_LIBRARIAN][0])


@contextmanager
def _days_ago(days: int) -> Iterator[None]:
    with clock.turned_back(clock.now() - timedelta(days=days)):
        yield
