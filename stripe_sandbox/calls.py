"""The table of API calls: method, path, parameters, and handler."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from stripe_sandbox import params
from stripe_sandbox.context import Context
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
from stripe_sandbox.objects.customers import merge_metadata
from stripe_sandbox.representations import list_objects, slice_items
from stripe_sandbox.storage import Document

Handler = Callable[[Context, str, dict[str, Any]], Document]


@dataclass(frozen=True, slots=True)
class Call:
    """One call. A test compares its parameters with ``params_class`` of Stripe's SDK."""

    method: str
    path: str
    rules: dict[str, Rule]
    handle: Handler
    params_class: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The path as a pattern. Its group, if any, is the id."""
        return re.compile("/v1" + self.path.replace("{id}", r"([^/]+)"))


def _create(create: Callable[[Context, dict[str, Any]], Document]) -> Handler:
    return lambda context, _, values: create(context, values)


def _retrieve(kind: str) -> Handler:
    return lambda context, id_, _: context.get(kind, id_, param=kind.rsplit(".", 1)[-1])


def _list(kind: str, path: str) -> Handler:
    return lambda context, _id, values: list_objects(context, kind, values, url=f"/v1{path}")


def _update(kind: str, update: Callable[[Context, Document, dict[str, Any]], Document]) -> Handler:
    return lambda context, id_, values: update(
        context, context.get(kind, id_, param=kind.rsplit(".", 1)[-1]), values
    )


def _line_items(context: Context, id_: str, values: dict[str, Any]) -> Document:
    context.get("checkout.session", id_, param="session")
    url = f"/v1/checkout/sessions/{id_}/line_items"
    return slice_items(context.tx.private(id_)["lines"], values, url=url)


def _update_labels(context: Context, document: Document, values: dict[str, Any]) -> Document:
    document["metadata"] = merge_metadata(document["metadata"], values.get("metadata", {}))
    if "description" in values:
        document["description"] = values["description"]
    return context.tx.save(document)


def _reads(kind: str, path: str, rules: dict[str, Rule], listed: str, retrieved: str) -> list[Call]:
    return [
        Call("GET", path, rules, _list(kind, path), listed),
        Call("GET", path + "/{id}", params.RETRIEVE, _retrieve(kind), retrieved),
    ]


CALLS: Final = (
    Call("POST", "/checkout/sessions", params.SESSION_CREATE,
         _create(sessions.create), "checkout.SessionCreateParams"),
    *_reads("checkout.session", "/checkout/sessions", params.SESSION_LIST,
           "checkout.SessionListParams", "checkout.SessionRetrieveParams"),
    Call("POST", "/checkout/sessions/{id}", params.SESSION_UPDATE,
         _update("checkout.session", sessions.update), "checkout.SessionUpdateParams"),
    Call("POST", "/checkout/sessions/{id}/expire", params.RETRIEVE,
         _update("checkout.session",
                 lambda context, session, _: sessions.expire(context, session, by_request=True)),
         "checkout.SessionExpireParams"),
    Call("GET", "/checkout/sessions/{id}/line_items", params.SESSION_LINES, _line_items,
         "checkout.SessionListLineItemsParams"),
    *_reads("payment_intent", "/payment_intents", params.INTENT_LIST,
           "PaymentIntentListParams", "PaymentIntentRetrieveParams"),
    Call("POST", "/payment_intents/{id}", params.INTENT_UPDATE,
         _update("payment_intent", _update_labels), "PaymentIntentUpdateParams"),
    Call("POST", "/payment_intents/{id}/cancel", params.INTENT_CANCEL,
         _update("payment_intent",
                 lambda context, intent, values: payments.cancel(
                     context, intent, values.get("cancellation_reason"))),
         "PaymentIntentCancelParams"),
    *_reads("charge", "/charges", params.CHARGE_LIST, "ChargeListParams", "ChargeRetrieveParams"),
    Call("POST", "/charges/{id}", params.CHARGE_UPDATE, _update("charge", _update_labels),
         "ChargeUpdateParams"),
    Call("POST", "/refunds", params.REFUND_CREATE,
         _create(refunds.create), "RefundCreateParams"),
    *_reads("refund", "/refunds", params.REFUND_LIST, "RefundListParams", "RefundRetrieveParams"),
    Call("POST", "/refunds/{id}", params.REFUND_UPDATE, _update("refund", refunds.update),
         "RefundUpdateParams"),
    *_reads("dispute", "/disputes", params.DISPUTE_LIST,
           "DisputeListParams", "DisputeRetrieveParams"),
    Call("POST", "/disputes/{id}", params.DISPUTE_UPDATE, _update("dispute", disputes.update),
         "DisputeUpdateParams"),
    Call("POST", "/disputes/{id}/close", params.RETRIEVE,
         _update("dispute",
                 lambda context, dispute, _: disputes.decide(context, dispute, won=False)),
         "DisputeCloseParams"),
    *_reads("event", "/events", params.EVENT_LIST, "EventListParams", "EventRetrieveParams"),
    Call("POST", "/customers", params.CUSTOMER_CREATE,
         _create(customers.create), "CustomerCreateParams"),
    *_reads("customer", "/customers", params.CUSTOMER_LIST,
           "CustomerListParams", "CustomerRetrieveParams"),
    Call("POST", "/customers/{id}", params.CUSTOMER_CREATE,
         _update("customer", customers.update), "CustomerUpdateParams"),
    Call("DELETE", "/customers/{id}", {},
         _update("customer", lambda context, customer, _: customers.delete(context, customer)),
         "CustomerDeleteParams"),
    Call("POST", "/webhook_endpoints", params.ENDPOINT_CREATE,
         _create(endpoints.create), "WebhookEndpointCreateParams"),
    *_reads("webhook_endpoint", "/webhook_endpoints", params.ENDPOINT_LIST,
           "WebhookEndpointListParams", "WebhookEndpointRetrieveParams"),
    Call("POST", "/webhook_endpoints/{id}", params.ENDPOINT_UPDATE,
         _update("webhook_endpoint", endpoints.update), "WebhookEndpointUpdateParams"),
    Call("DELETE", "/webhook_endpoints/{id}", {},
         _update("webhook_endpoint",
                 lambda context, endpoint, _: endpoints.delete(context, endpoint)),
         "WebhookEndpointDeleteParams"),
    *_reads("balance_transaction", "/balance_transactions", params.BALANCE_LIST,
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
    """Return the call of a request and the id in its path, or None."""
    for call, pattern in _COMPILED:
        match = pattern.fullmatch(path)
        if match is not None and call.method == method:
            return call, match[1] if match.re.groups else ""
    return None
