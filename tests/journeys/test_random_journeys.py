"""Random journeys of buyers and staff over years: what is promised holds after every step."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.billing.models import CreditNote, DocumentSeries, Invoice, PurchaseOrder
from app.billing.states import InvoiceState
from app.core import clock
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.core.money import Money
from app.licenses.corrections import LicenseCorrection
from app.licenses.lifecycle import expire_due, start_due
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today
from app.orders.acceptance import accept
from app.orders.allocations import Allocation
from app.orders.cancellation import cancel
from app.orders.expiry import expire_unpaid
from app.orders.invoice_corrections import InvoiceCorrection, replace_invoice
from app.orders.line_corrections import LineCorrection, correct_lines
from app.orders.models import Order
from app.orders.refunds import apply_refund_result, request_refund
from app.orders.replacements import correct_license_of_order
from app.orders.states import LicenseEffect, OrderState, PaymentMethod, RefundStatus
from app.quotes.models import Quote
from app.quotes.service import expire_quotes, extend_quote, withdraw_quote
from app.receivables.models import Receipt
from app.receivables.receipts import MatchDraft, ReceiptDraft, record_receipt, void_receipt
from app.receivables.write_offs import undo_write_off, write_off
from app.renewals.models import RenewalNotice
from app.renewals.notices import send_notices
from app.renewals.service import quote_renewal
from tests import factories
from tests.factories import SETTINGS, STAFF
from tests.orders import test_sums
from tests.quotes import quote_factories

START = datetime(2030, 1, 15, 15, tzinfo=UTC)
RIGHTS_END = date(2034, 6, 30)
LIMIT = 250_000
REFUSALS = (ConflictError, InvalidInputError, NotFoundError)
STRIPE = Actor.stripe("evt_1")
Row = TypeVar("Row")
INDEX = st.integers(0, 7)
AMOUNTS = st.integers(1, 120_000)
BLANKET = {
    "kind": "blanket",
    "limit": {"amount": LIMIT, "currency": "USD"},
    "expires_on": "2033-12-31",
}


class Journeys(RuleBasedStateMachine):
    """One institution and the staff, from January 2030 on. Every step may be refused whole."""

    sessions: sessionmaker[Session]

    def __init__(self) -> None:
        super().__init__()
        self.traveller = time_machine.travel(START, tick=False)
        self.traveller.start()
        self.session = self.sessions()
        self.now = START
        self.serial = 0
        self.issued: set[tuple[str, int]] = set()
        self.offers = [
            factories.offer(self.session, amount=39800),
            factories.offer(
                self.session,
                amount=90001,
                delivery="file",
                term={"kind": "months", "months": 36},
                rights_end=RIGHTS_END,
            ),
            factories.offer(self.session, amount=15000, delivery="file", rights_end=RIGHTS_END),
        ]

    def teardown(self) -> None:
        self.session.rollback()
        self.session.close()
        self.traveller.stop()

    def attempt(self, step: Callable[[], object]) -> None:
        """Do the step, or nothing of it."""
        with self.session.begin_nested() as savepoint:
            try:
                step()
            except REFUSALS:
                savepoint.rollback()
        self.session.expire_all()

    def pick(self, model: type[Row], index: int) -> Row | None:
        rows = self.session.scalars(select(model).order_by(model.id)).all()  # type: ignore[attr-defined]
        return rows[index % len(rows)] if rows else None

    @initialize()
    def start_with_some_orders(self) -> None:
        disc, years, year = self.offers
        accept(
            self.session,
            factories.order(self.session, years, disc, po_number="PO-0"),
            actor=STAFF,
        )
        factories.paid_order(self.session, year, years)
        blanket: dict[str, Any] = {"po_number": "BLANKET-1", "purchase_order": BLANKET}
        accept(self.session, factories.order(self.session, year, **blanket), actor=STAFF)
        self.session.expire_all()

    @rule(index=INDEX, count=st.integers(1, 3))
    def get_quote(self, index: int, count: int) -> None:
        chosen = {(index + step) % len(self.offers) for step in range(count)}
        offers = [self.offers[place] for place in chosen]
        self.attempt(lambda: quote_factories.quote(self.session, *offers))

    @rule(index=INDEX, with_po=st.booleans())
    def accept_a_quote(self, *, index: int, with_po: bool) -> None:
        if (quote := self.pick(Quote, index)) is not None:
            more: dict[str, Any] = {"po_number": f"PO-{index}"} if with_po else {}
            self.attempt(lambda: quote_factories.accept(self.session, quote, **more))

    @rule(index=INDEX, days=st.integers(1, 90))
    def extend_or_withdraw_a_quote(self, index: int, days: int) -> None:
        quote = self.pick(Quote, index)
        if quote is None:
            return
        if days > 80:
            self.attempt(
                lambda: withdraw_quote(self.session, quote.number, actor=STAFF, reason="Mistake")
            )
            return
        day = clock.today() + timedelta(days=days)
        self.attempt(
            lambda: extend_quote(
                self.session, quote.number, valid_through=day, actor=STAFF, reason="Asked"
            )
        )

    @rule(index=INDEX, po=st.sampled_from(["none", "single", "blanket"]), later=st.booleans())
    def order(self, *, index: int, po: str, later: bool) -> None:
        offer = self.offers[index % len(self.offers)]
        changes: dict[str, Any] = {}
        if po == "single":
            changes = {"po_number": f"PO-{index}"}
        elif po == "blanket":
            changes = {"po_number": "BLANKET-1", "purchase_order": BLANKET}
        if later and index % len(self.offers):
            day = clock.today() + timedelta(days=40)
            changes["lines"] = [{"offer": offer.sku, "starts_on": day.isoformat()}]
        self.attempt(lambda: factories.order(self.session, offer, **changes))

    @rule(index=INDEX)
    def accept_on_terms(self, index: int) -> None:
        if (order := self.pick(Order, index)) is not None:
            self.attempt(lambda: accept(self.session, order, actor=STAFF))

    @rule(index=INDEX, other=INDEX, count=st.integers(1, 3), agreed=st.none() | AMOUNTS)
    def correct_lines_of_an_order(
        self, *, index: int, other: int, count: int, agreed: int | None
    ) -> None:
        order = self.pick(Order, index)
        if order is None:
            return
        added = self.offers[other % len(self.offers)]
        wanted: dict[str, dict[str, Any]] = {
            line.sku: {"offer": line.sku, "quantity": line.quantity} for line in order.lines[:count]
        }
        wanted[added.sku] = {"offer": added.sku, "quantity": count if added.shippable else 1}
        if agreed is not None:
            wanted[added.sku] |= {"unit_amount": agreed, "price_reason": "Agreed"}
        correction = LineCorrection.model_validate(
            {
                "lines": list(wanted.values()),
                "shipping_address": factories.ADDRESS if added.shippable else None,
                "approved_by": "staff@example.org",
                "texts_accepted_by": "email",
            }
        )
        self.attempt(
            lambda: correct_lines(
                self.session,
                order.number,
                correction,
                reason="Ordered the wrong film",
                settings=SETTINGS,
                actor=STAFF,
            )
        )
        expected = {
            (document.number, document.total_amount)
            for document in self.session.scalars(select(Invoice))
        }
        assert expected >= self.issued  # an invoice stays as it was issued
        self.issued = expected

    @rule(index=INDEX)
    def pay_by_card(self, index: int) -> None:
        order = self.pick(Order, index)
        if order is not None and order.balance.amount:
            self.serial += 1
            reference = f"pi_{self.serial}"
            self.attempt(lambda: factories.pay(self.session, order, reference=reference))

    @rule(first=INDEX, second=INDEX, amount=AMOUNTS)
    def send_a_check(self, first: int, second: int, amount: int) -> None:
        orders = [self.pick(Order, first), self.pick(Order, second)]
        numbers = dict.fromkeys(order.number for order in orders if order is not None)
        if not numbers:
            return
        self.serial += 1
        draft = ReceiptDraft(
            payer="Example College",
            method=PaymentMethod.CHECK,
            reference=f"{self.serial}",
            amount=Money(amount, "USD"),
            received_on=clock.today(),
        )
        matches = [MatchDraft(number) for number in numbers]
        self.attempt(
            lambda: record_receipt(self.session, draft, matches, today=clock.today(), actor=STAFF)
        )

    @rule(index=INDEX)
    def void_a_check(self, index: int) -> None:
        if (receipt := self.pick(Receipt, index)) is not None:
            self.attempt(
                lambda: void_receipt(self.session, receipt.number, actor=STAFF, reason="Typo")
            )

    @rule(index=INDEX, amount=AMOUNTS, works=st.booleans())
    def refund(self, *, index: int, amount: int, works: bool) -> None:
        order = self.pick(Order, index)
        if order is None:
            return

        def step() -> None:
            refund = request_refund(
                self.session,
                order,
                allocations=[Allocation(line=1, amount=amount)],
                effect=LicenseEffect.REVOKE,
                reason="Returned",
                actor=STAFF,
            )
            status = RefundStatus.SUCCEEDED if works else RefundStatus.FAILED
            apply_refund_result(self.session, refund_id=refund.id, status=status, actor=STRIPE)

        self.attempt(step)

    @rule(index=INDEX)
    def cancel_an_order(self, index: int) -> None:
        if (order := self.pick(Order, index)) is not None:
            self.attempt(lambda: cancel(self.session, order, actor=STAFF, reason="Asked"))

    @rule(index=INDEX, back=st.booleans())
    def write_off_an_invoice(self, *, index: int, back: bool) -> None:
        if (invoice := self.pick(Invoice, index)) is not None:
            change = undo_write_off if back else write_off
            self.attempt(lambda: change(self.session, invoice.number, actor=STAFF, reason="Lost"))

    @rule(index=INDEX)
    def replace_an_invoice(self, index: int) -> None:
        if (invoice := self.pick(Invoice, index)) is not None:
            self.attempt(
                lambda: replace_invoice(
                    self.session,
                    invoice.number,
                    InvoiceCorrection(ap_name=f"Office {index}"),
                    reason="Wrong office",
                    settings=SETTINGS,
                    actor=STAFF,
                )
            )

    @rule(index=INDEX, days=st.integers(-30, 400))
    def correct_a_license(self, index: int, days: int) -> None:
        license_ = self.pick(License, index)
        if license_ is None:
            return
        correction = LicenseCorrection(
            licensee=f"College {index}",
            starts_on=license_.starts_on + timedelta(days=days) if days > 0 else None,
        )
        self.attempt(
            lambda: correct_license_of_order(
                self.session, license_.number, correction, actor=STAFF, reason="Typo"
            )
        )

    @rule(index=INDEX, month=st.sampled_from([None, 2, 6, 12]))
    def renew(self, index: int, month: int | None) -> None:
        if (license_ := self.pick(License, index)) is not None:
            self.attempt(
                lambda: quote_renewal(
                    self.session, [license_.number], month=month, settings=SETTINGS
                )
            )

    @rule(days=st.sampled_from([1, 7, 31, 63, 120, 366]))
    def let_time_pass(self, days: int) -> None:
        self.traveller.stop()
        self.now += timedelta(days=days, hours=5)
        self.traveller = time_machine.travel(self.now, tick=False)
        self.traveller.start()
        for job in (expire_unpaid, expire_quotes, start_due, expire_due):
            job(self.session)
        send_notices(self.session, SETTINGS)
        self.session.expire_all()

    @invariant()
    def sums_are_exact(self) -> None:
        for order in self.session.scalars(select(Order)):
            test_sums.check(order)
        for invoice in self.session.scalars(select(Invoice)):
            assert invoice.total_amount == invoice.subtotal_amount + invoice.tax_amount
            assert (invoice.state is InvoiceState.OPEN) == (invoice.balance.amount > 0)
        for order in self.session.scalars(select(Order)):
            live = self.session.scalars(
                select(Invoice).where(
                    Invoice.order_number == order.number, Invoice.state != InvoiceState.VOID
                )
            ).all()
            billable = order.state in {OrderState.ACCEPTED, OrderState.COMPLETED}
            assert len(live) <= 1
            assert live or not billable
            for invoice in live:
                assert invoice.total_amount == order.total_amount
                assert invoice.paid_amount == order.paid_amount - order.refunded_amount

    @invariant()
    def numbers_have_no_gaps(self) -> None:
        documents: tuple[tuple[type[Invoice | CreditNote], str], ...] = (
            (Invoice, "invoice"),
            (CreditNote, "credit_note"),
        )
        for model, series in documents:
            found: dict[tuple[str, int], list[int]] = {}
            rows = self.session.execute(select(model.seller_key, model.year, model.sequence))
            for seller, year, sequence in rows:
                found.setdefault((seller, year), []).append(sequence)
            for (seller, year), numbers in found.items():
                assert sorted(numbers) == list(range(1, len(numbers) + 1))
                counter = self.session.get(DocumentSeries, (series, seller, year))
                assert counter is not None
                assert counter.last == len(numbers)

    @invariant()
    def nothing_reaches_outside_the_rights(self) -> None:
        for license_ in self.session.scalars(select(License)):
            if license_.ends_on is not None:
                assert license_.starts_on <= license_.ends_on <= RIGHTS_END
        for quote in self.session.scalars(select(Quote)):
            assert all(line.ends_on is None or line.ends_on <= RIGHTS_END for line in quote.lines)

    @invariant()
    def one_license_of_a_line_is_in_effect(self) -> None:
        seen: set[str] = set()
        for license_ in self.session.scalars(select(License)):
            status = status_today(license_)
            if status in {LicenseStatus.ACTIVE, LicenseStatus.SCHEDULED}:
                line = "/".join(license_.granted_for.split("/")[:2])
                assert line not in seen
                seen.add(line)
                assert (status is LicenseStatus.SCHEDULED) == (
                    license_.starts_on > clock.today(license_.time_zone)
                )

    @invariant()
    def purchase_orders_are_never_overdrawn(self) -> None:
        for purchase_order in self.session.scalars(select(PurchaseOrder)):
            used = sum(use.amount for use in purchase_order.uses if use.released_at is None)
            assert used == purchase_order.used_amount
            assert purchase_order.limit_amount is None or used <= purchase_order.limit_amount

    @invariant()
    def notices_are_sent_once(self) -> None:
        rows = self.session.execute(select(RenewalNotice.license_id, RenewalNotice.lead_days)).all()
        assert len(rows) == len(set(rows))


def test_random_journeys_keep_every_promise(sessions: sessionmaker[Session]) -> None:
    class Bound(Journeys):
        pass

    Bound.sessions = sessions
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
