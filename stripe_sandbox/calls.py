"""The table of API calls: method, path, parameters, and what answers it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from stripe_sandbox import lists, params
from stripe_sandbox.context import Context
from stripe_sandbox.errors import missing
from stripe_sandbox.forms import Rule
from stripe_sandbox.objects import (
    balance,
    customers,
    disputes,
    endpoints,
    payments,
    refunds,
    sessions,
)
from stripe_sandbox.objects.customers import merged
from stripe_sandbox.storage import Document

Answer = Callable[[Context, str, dict[str, Any]], Document]


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``params_class`` is where the SDK annotates its parameters (a test compares)."""

    method: str
    path: str
    rules: dict[str, Rule]
    answer: Answer
    params_class: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The path as a pattern whose one group, if any, is the id."""
        return re.compile("/v1" + self.path.replace("{id}", r"([^/]+)"))


def _existing(context: Context, kind: str, id_: str) -> Document:
    found = context.tx.find(id_, kind)
    if found is None:
        raise missing(kind, id_, param=kind.rsplit(".", 1)[-1])
    return found


def _retrieve(kind: str) -> Answer:
    return lambda context, id_, _: _existing(context, kind, id_)


def _list(kind: str, path: str) -> Answer:
    return lambda context, _id, given: lists.page(context, kind, given, url=f"/v1{path}")


def _change(kind: str, do: Callable[[Context, Document, dict[str, Any]], Document]) -> Answer:
    return lambda context, id_, given: do(context, _existing(context, kind, id_), given)


def _line_items(context: Context, id_: str, given: dict[str, Any]) -> Document:
    _existing(context, "checkout.session", id_)
    url = f"/v1/checkout/sessions/{id_}/line_items"
    return lists.slice_of(context.tx.private(id_)["lines"], given, url=url)


def _relabel(context: Context, document: Document, given: dict[str, Any]) -> Document:
    document["metadata"] = merged(document["metadata"], given.get("metadata", {}))
    if "description" in given:
        document["description"] = given["description"]
    return context.tx.save(document)


def _crud(kind: str, path: str, rules: dict[str, Rule], listed: str, retrieved: str) -> list[Call]:
    return [
        Call("GET", path, rules, _list(kind, path), listed),
        Call("GET", path + "/{id}", params.RETRIEVE, _retrieve(kind), retrieved),
    ]


CALLS: Final = (
    Call("POST", "/checkout/sessions", params.SESSION_CREATE,
         lambda context, _, given: sessions.create(context, given), "checkout.SessionCreateParams"),
    *_crud("checkout.session", "/checkout/sessions", params.SESSION_LIST,
           "checkout.SessionListParams", "checkout.SessionRetrieveParams"),
    Call("POST", "/checkout/sessions/{id}", params.SESSION_UPDATE,
         _change("checkout.session", sessions.update), "checkout.SessionUpdateParams"),
    Call("POST", "/checkout/sessions/{id}/expire", params.RETRIEVE,
         _change("checkout.session",
                 lambda context, session, _: sessions.expire(context, session, by_request=True)),
         "checkout.SessionExpireParams"),
    Call("GET", "/checkout/sessions/{id}/line_items", params.SESSION_LINES, _line_items,
         "checkout.SessionListLineItemsParams"),
    *_crud("payment_intent", "/payment_intents", params.INTENT_LIST,
           "PaymentIntentListParams", "PaymentIntentRetrieveParams"),
    Call("POST", "/payment_intents/{id}", params.INTENT_UPDATE,
         _change("payment_intent", _relabel), "PaymentIntentUpdateParams"),
    Call("POST", "/payment_intents/{id}/cancel", params.INTENT_CANCEL,
         _change("payment_intent",
                 lambda context, intent, given: payments.cancel(
                     context, intent, given.get("cancellation_reason"))),
         "PaymentIntentCancelParams"),
    *_crud("charge", "/charges", params.CHARGE_LIST, "ChargeListParams", "ChargeRetrieveParams"),
    Call("POST", "/charges/{id}", params.CHARGE_UPDATE, _change("charge", _relabel),
         "ChargeUpdateParams"),
    Call("POST", "/refunds", params.REFUND_CREATE,
         lambda context, _, given: refunds.create(context, given), "RefundCreateParams"),
    *_crud("refund", "/refunds", params.REFUND_LIST, "RefundListParams", "RefundRetrieveParams"),
    Call("POST", "/refunds/{id}", params.REFUND_UPDATE, _change("refund", refunds.update),
         "RefundUpdateParams"),
    *_crud("dispute", "/disputes", params.DISPUTE_LIST,
           "DisputeListParams", "DisputeRetrieveParams"),
    Call("POST", "/disputes/{id}", params.DISPUTE_UPDATE, _change("dispute", disputes.update),
         "DisputeUpdateParams"),
    Call("POST", "/disputes/{id}/close", params.RETRIEVE,
         _change("dispute",
                 lambda context, dispute, _: disputes.decide(context, dispute, won=False)),
         "DisputeCloseParams"),
    *_crud("event", "/events", params.EVENT_LIST, "EventListParams", "EventRetrieveParams"),
    Call("POST", "/customers", params.CUSTOMER_CREATE,
         lambda context, _, given: customers.create(context, given), "CustomerCreateParams"),
    *_crud("customer", "/customers", params.CUSTOMER_LIST,
           "CustomerListParams", "CustomerRetrieveParams"),
    Call("POST", "/customers/{id}", params.CUSTOMER_CREATE,
         _change("customer", customers.update), "CustomerUpdateParams"),
    Call("DELETE", "/customers/{id}", {},
         _change("customer", lambda context, customer, _: customers.delete(context, customer)),
         "CustomerDeleteParams"),
    Call("POST", "/webhook_endpoints", params.ENDPOINT_CREATE,
         lambda context, _, given: endpoints.create(context, given), "WebhookEndpointCreateParams"),
    *_crud("webhook_endpoint", "/webhook_endpoints", params.ENDPOINT_LIST,
           "WebhookEndpointListParams", "WebhookEndpointRetrieveParams"),
    Call("POST", "/webhook_endpoints/{id}", params.ENDPOINT_UPDATE,
         _change("webhook_endpoint", endpoints.update), "WebhookEndpointUpdateParams"),
    Call("DELETE", "/webhook_endpoints/{id}", {},
         _change("webhook_endpoint",
                 lambda context, endpoint, _: endpoints.delete(context, endpoint)),
         "WebhookEndpointDeleteParams"),
    *_crud("balance_transaction", "/balance_transactions", params.BALANCE_LIST,
           "BalanceTransactionListParams", "BalanceTransactionRetrieveParams"),
    Call("GET", "/balance", params.RETRIEVE,
         lambda context, _id, _: balance.balance(context.tx, now=context.second),
         "BalanceRetrieveParams"),
    Call("GET", "/payment_methods/{id}", params.RETRIEVE, _retrieve("payment_method"),
         "PaymentMethodRetrieveParams"),
    Call("GET", "/products/{id}", params.RETRIEVE, _retrieve("product"), "ProductRetrieveParams"),
    Call("GET", "/prices/{id}", params.RETRIEVE, _retrieve("price"), "PriceRetrieveParams"),
)  # fmt: skip

_COMPILED: Final = tuple((call, call.pattern) for call in CALLS)


def find(method: str, path: str) -> tuple[Call, str] | None:
    """Return the call for a request and the id in its path; None if there is no such call."""
    for call, pattern in _COMPILED:
        match = pattern.fullmatch(path)
        if match is not None and call.method == method:
            return call, match[1] if match.re.groups else ""
    return None
