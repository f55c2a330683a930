"""The gateway to Stripe: the only module that imports ``stripe``, and maps its objects to facts.

The library is imported at the first call, because it takes longer to load than the catalog
needs to answer.
"""
# ruff: noqa: PLC0415 - the reason is above

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from app.core.config import Settings
from app.core.money import DECIMALS, Money
from app.orders.states import DisputeStatus
from app.payments.call_limits import CallLimits
from app.payments.checkout_params import build_customer_params, build_session_params
from app.payments.errors import (
    EventUnreadableError,
    GatewayDeniedError,
    GatewayRefusedError,
    GatewayUnavailableError,
    GatewayUnreadableError,
    ModeMismatchError,
    UnknownCurrencyError,
)
from app.payments.event_payload import read_event
from app.payments.facts import (
    CheckoutRequest,
    CheckoutSession,
    DisputeFacts,
    EventFacts,
    PaymentFacts,
    RefundFacts,
    UnreadablePayment,
)
from app.payments.states import (
    EVENT_TYPES,
    CheckoutStatus,
    PaymentProgress,
    RefundProgress,
)

if TYPE_CHECKING:
    import stripe
    from stripe.params import CustomerCreateParams
    from stripe.params.checkout import SessionCreateParams

# The version whose fields this file reads. Stripe serves it whatever the account's default is.
API_VERSION = "2026-10-28.endive"
# Seconds to connect, and to wait for an answer: a buyer is waiting too.
TIMEOUTS_SECONDS = (3, 10)
MAX_RETRIES = 2
# Of a receipt: Stripe's have some two hundred characters.
MAX_LINK_LENGTH = 2000
# What reading an answer raises that lacks its fields: the SDK's objects have those that came.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, OverflowError)
# How old a signed delivery may be: https://docs.stripe.com/webhooks#replay-attacks
MAX_SIGNATURE_AGE_SECONDS = 300

PAYMENT_PROGRESS = {
    "succeeded": PaymentProgress.PAID,
    "processing": PaymentProgress.PENDING,
    "canceled": PaymentProgress.FAILED,
}
REFUND_PROGRESS = {
    "succeeded": RefundProgress.SUCCEEDED,
    "failed": RefundProgress.FAILED,
    "canceled": RefundProgress.FAILED,
}
# Ours, by the type of Stripe's payment method.
METHODS = {
    "card": "card",
    "us_bank_account": "bank_debit",
    "acss_debit": "bank_debit",
    "sepa_debit": "bank_debit",
    "bacs_debit": "bank_debit",
    "au_becs_debit": "bank_debit",
    "customer_balance": "bank_transfer",
}


class StripeGateway:
    """Stripe itself, or the local sandbox that speaks as Stripe does.

    Every method may raise a ``GatewayError``, which says whether the request itself was refused,
    and none may be called inside a transaction.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limits = CallLimits(threads=settings.threads)

    @cached_property
    def _client(self) -> "stripe.StripeClient":
        import stripe

        # Stripe does not need the timings of our requests.
        stripe.enable_telemetry = False
        base = self._settings.stripe_base
        return stripe.StripeClient(
            self._settings.stripe_key,
            stripe_version=API_VERSION,
            base_addresses={"api": base} if base else None,
            max_network_retries=MAX_RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUTS_SECONDS),
        )

    @contextmanager
    def _limited_call(self) -> Iterator[None]:
        """Limit one call with its answer, and translate its errors."""
        with self._limits.call(), _translate_errors():
            yield

    def start_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutSession:
        """Open a hosted checkout page.

        Stripe answers a repeated idempotency key with its first answer, for at least 24 hours. So
        a page that has expired needs a new attempt, or the buyer gets the dead page again.
        """
        params = build_session_params(request, store_id=self._settings.store_id)
        if (customer := build_customer_params(request, params["metadata"])) is not None:
            with self._limited_call():
                made = self._client.v1.customers.create(
                    params=cast("CustomerCreateParams", customer),
                    options={"idempotency_key": f"{idempotency_key}:customer"},
                )
                params["customer"] = made.id
        with self._limited_call():
            created = self._client.v1.checkout.sessions.create(
                params=cast("SessionCreateParams", params),
                options={"idempotency_key": idempotency_key},
            )
            checkout = self._checkout(created)
            if checkout.status is CheckoutStatus.OPEN and checkout.url is None:
                msg = f"Stripe's page {checkout.id} has no address"
                raise GatewayUnreadableError(msg)
        return checkout

    def fetch_checkout(self, session_id: str) -> CheckoutSession:
        """Read a checkout session, with its payment and its taxes, as it is now."""
        with self._limited_call():
            answer = self._client.v1.checkout.sessions.retrieve(
                session_id, params={"expand": ["payment_intent.latest_charge"]}
            )
            checkout = self._checkout(answer)
        if checkout.tax is None or checkout.status is not CheckoutStatus.COMPLETE:
            return checkout
        with self._limited_call():
            listed = self._client.v1.checkout.sessions.line_items.list(
                session_id, params={"limit": 100}
            )
            taxes = tuple(
                (_tag(item.metadata, "part") or "", item.amount_tax)
                for item in listed.auto_paging_iter()
            )
        if sum(amount for _, amount in taxes) != checkout.tax.amount:
            msg = f"the taxes of the lines of {session_id} do not add up to {checkout.tax}"
            raise GatewayUnreadableError(msg)
        return replace(checkout, line_taxes=taxes)

    def expire_checkout(self, session_id: str) -> CheckoutSession:
        """Close the page if it is still open. Of a finished page, return how it ended."""
        try:
            with self._limited_call():
                self._client.v1.checkout.sessions.expire(session_id)
        except GatewayRefusedError:
            # Not open any more: the buyer or the clock was quicker. What is true now decides.
            pass
        return self.fetch_checkout(session_id)

    def fetch_payment(self, reference: str) -> PaymentFacts:
        """Read a PaymentIntent as it is now."""
        with self._limited_call():
            answer = self._client.v1.payment_intents.retrieve(
                reference, params={"expand": ["latest_charge"]}
            )
            return self._payment(answer)

    def list_payments(self, *, since: datetime) -> Iterator[PaymentFacts | UnreadablePayment]:
        """Yield every PaymentIntent of this store made at or after ``since``, newest first.

        One that cannot be read does not end the list.
        """
        with _translate_errors():
            listed = self._client.v1.payment_intents.list(
                params={
                    "created": {"gte": int(since.timestamp())},
                    "limit": 100,
                    "expand": ["data.latest_charge"],
                }
            )
            for answer in listed.auto_paging_iter():
                metadata = getattr(answer, "metadata", None)
                if _tag(metadata, "store_id") != self._settings.store_id:
                    continue
                try:
                    yield self._payment(answer)
                except (UnknownCurrencyError, *UNREADABLE) as error:
                    yield UnreadablePayment(
                        reference=answer.id,
                        order_number=_tag(metadata, "order_number"),
                        progress=_progress(answer),
                        why=str(error),
                    )

    def refund(
        self, *, payment_reference: str, amount: Money, refund_id: int, order_number: str
    ) -> RefundFacts:
        """Give money back, once per ``refund_id`` of ``order_number``."""
        store_id = self._settings.store_id
        with self._limited_call():
            answer = self._client.v1.refunds.create(
                params={
                    "payment_intent": payment_reference,
                    "amount": amount.amount,
                    "reason": "requested_by_customer",
                    "metadata": {
                        "store_id": store_id,
                        "order_number": order_number,
                        "refund_id": str(refund_id),
                    },
                },
                options={"idempotency_key": f"{store_id}:refund:{order_number}:{refund_id}"},
            )
            return _refund(answer)

    def fetch_refund(self, reference: str) -> RefundFacts:
        """Read a refund as it is now."""
        with self._limited_call():
            return _refund(self._client.v1.refunds.retrieve(reference))

    def list_refunds(self, payment_reference: str) -> list[RefundFacts]:
        """Read every refund of one payment, newest first."""
        with self._limited_call():
            listed = self._client.v1.refunds.list(
                params={"payment_intent": payment_reference, "limit": 100}
            )
            return [_refund(answer) for answer in listed.auto_paging_iter()]

    def fetch_dispute(self, reference: str) -> DisputeFacts:
        """Read a dispute as it is now."""
        with self._limited_call():
            answer = self._client.v1.disputes.retrieve(reference)
            self._refuse_other_mode(answer.livemode, answer.id)
            due_by = answer.evidence_details.due_by
            return DisputeFacts(
                reference=answer.id,
                payment_reference=_id(answer.payment_intent),
                amount=_money(answer.amount, answer.currency),
                reason=answer.reason,
                status=DisputeStatus(answer.status),
                due_by=_instant(due_by) if due_by else None,
            )

    def list_events(self, *, since: datetime) -> Iterator[EventFacts]:
        """Read events page by page, newest first, of the types that we act upon."""
        with _translate_errors():
            listed = self._client.v1.events.list(
                params={
                    "created": {"gte": int(since.timestamp())},
                    "types": sorted(EVENT_TYPES),
                    "limit": 100,
                }
            )
            for answer in listed.auto_paging_iter():
                yield self._event(answer.to_dict(for_json=True))

    def verify(self, body: bytes, signature: str) -> EventFacts:
        """Return the event in ``body``.

        Raises:
            ValueError: Stripe did not sign these bytes, or it did so over five minutes ago.
            EventUnreadableError: it signed something that is no event of the kind that we read.
            ModeMismatchError: the event is of the other mode.
        """
        import stripe

        secret = self._settings.webhook_secret
        if not secret:
            # An empty secret would verify against an empty key, which anyone can forge.
            msg = "no webhook secret is configured"
            raise ValueError(msg)
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            msg = "the body is not UTF-8 text"
            raise EventUnreadableError(msg) from error
        try:
            stripe.WebhookSignature.verify_header(
                text, signature, secret, MAX_SIGNATURE_AGE_SECONDS
            )
        except stripe.SignatureVerificationError as error:
            raise ValueError(str(error)) from error
        return self._event(read_event(text))

    def _event(self, payload: Mapping[str, Any]) -> EventFacts:
        livemode = payload["livemode"] is True
        self._refuse_other_mode(livemode, payload["id"])
        return EventFacts(
            id=payload["id"],
            type=payload["type"],
            api_version=payload.get("api_version"),
            livemode=livemode,
            happened_at=_instant(payload["created"]),
            payload=payload,
        )

    def _checkout(self, answer: "stripe.checkout.Session") -> CheckoutSession:
        import stripe

        self._refuse_other_mode(answer.livemode, answer.id)
        attempt = _tag(answer.metadata, "attempt")
        intent = answer.payment_intent
        currency, tax = answer.currency or "", getattr(answer, "automatic_tax", None)
        adds_tax = bool(tax and tax.enabled)
        return CheckoutSession(
            id=answer.id,
            url=self._safe_link(answer.url),
            store_id=_tag(answer.metadata, "store_id"),
            order_number=_tag(answer.metadata, "order_number"),
            attempt=int(attempt) if attempt else None,
            total=_money(answer.amount_total or 0, currency),
            status=CheckoutStatus(answer.status or "open"),
            expires_at=_instant(answer.expires_at),
            payment=self._payment(intent) if isinstance(intent, stripe.PaymentIntent) else None,
            adds_tax=adds_tax,
            tax=_money(answer.total_details.amount_tax, currency)
            if adds_tax and answer.automatic_tax.status == "complete" and answer.total_details
            else None,
        )

    def _payment(self, answer: "stripe.PaymentIntent") -> PaymentFacts:
        import stripe

        self._refuse_other_mode(answer.livemode, answer.id)
        charge = answer.latest_charge if isinstance(answer.latest_charge, stripe.Charge) else None
        details = charge.payment_method_details if charge else None
        failure = answer.last_payment_error
        attempt = _tag(answer.metadata, "attempt")
        return PaymentFacts(
            reference=answer.id,
            store_id=_tag(answer.metadata, "store_id"),
            order_number=_tag(answer.metadata, "order_number"),
            attempt=int(attempt) if attempt else None,
            progress=_progress(answer),
            received=_money(answer.amount_received, answer.currency),
            method=METHODS.get(details.type, "other") if details else "other",
            failure=(failure.message or failure.code or "") if failure else "",
            paid_at=_instant(charge.created if charge else answer.created),
            refunded=_money(charge.amount_refunded if charge else 0, answer.currency),
            receipt_url=self._safe_link(charge.receipt_url) if charge else None,
        )

    def _safe_link(self, url: str | None) -> str | None:
        """Return an address that a buyer may be sent to: over https, or the sandbox's own."""
        if url is None or len(url) > MAX_LINK_LENGTH:
            return None
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        if parts.scheme == "https" and parts.hostname:
            return url
        base = urlsplit(self._settings.stripe_base or "")
        is_sandbox = base.netloc and (parts.scheme, parts.netloc) == (base.scheme, base.netloc)
        return url if is_sandbox else None

    def _refuse_other_mode(self, livemode: bool, reference: str) -> None:  # noqa: FBT001 - a fact
        if livemode is not self._settings.live_mode:
            mode = "live" if livemode else "test"
            msg = f"{reference} is of {mode} mode, and this store is not"
            raise ModeMismatchError(msg)


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Translate Stripe's errors into ours, which say whether the same request may be repeated."""
    import stripe

    try:
        yield
    except stripe.APIConnectionError as error:
        raise GatewayUnavailableError(str(error), is_outage=True) from error
    except stripe.RateLimitError as error:
        raise GatewayUnavailableError(str(error)) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise GatewayDeniedError(str(error)) from error
    except stripe.StripeError as error:
        status = error.http_status or HTTPStatus.INTERNAL_SERVER_ERROR
        # 409: another request with the same idempotency key has not finished yet.
        is_outage = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if is_outage or status == HTTPStatus.CONFLICT:
            raise GatewayUnavailableError(str(error), is_outage=is_outage) from error
        if status < HTTPStatus.BAD_REQUEST:
            raise GatewayUnreadableError(str(error)) from error
        param = getattr(error, "param", None)
        raise GatewayRefusedError(
            str(error), code=error.code or "", param=param if isinstance(param, str) else ""
        ) from error
    except UNREADABLE as error:
        msg = f"Stripe's answer cannot be read: {error}"
        raise GatewayUnreadableError(msg) from error


def _refund(answer: "stripe.Refund") -> RefundFacts:
    refund_id = _tag(answer.metadata, "refund_id")
    return RefundFacts(
        reference=answer.id,
        payment_reference=_id(answer.payment_intent),
        store_id=_tag(answer.metadata, "store_id"),
        refund_id=int(refund_id) if refund_id else None,
        amount=_money(answer.amount, answer.currency),
        progress=REFUND_PROGRESS.get(answer.status or "", RefundProgress.PENDING),
        failure=getattr(answer, "failure_reason", None) or "",
        created_at=_instant(answer.created),
    )


def _progress(answer: "stripe.PaymentIntent") -> PaymentProgress:
    status = getattr(answer, "status", "")
    if status == "requires_payment_method" and answer.last_payment_error:
        return PaymentProgress.FAILED
    return PAYMENT_PROGRESS.get(status, PaymentProgress.UNPAID)


def _money(amount: int, currency: str) -> Money:
    code = currency.upper()
    if type(amount) is not int:
        msg = f"{amount!r} is no amount"
        raise TypeError(msg)
    if code not in DECIMALS:
        msg = f"Stripe speaks of {amount} in {code!r}, a currency this store does not know"
        raise UnknownCurrencyError(msg)
    return Money(amount, code)


def _instant(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


def _tag(metadata: object, name: str) -> str | None:
    """Return the tag ``name`` of an object; None if it has none."""
    value = getattr(metadata, name, None)
    return value if isinstance(value, str) and value else None


def _id(reference: object) -> str | None:
    """Return the id of something that Stripe gives as an id or, expanded, as an object."""
    return reference if isinstance(reference, str) else getattr(reference, "id", None)
