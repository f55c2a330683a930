"""The parameters of each call. A test compares their names with the annotations of Stripe's SDK.

Parameters that the sandbox does not simulate are refused as unknown: ignoring a discount would be
worse than an error.
"""

from typing import TypeAlias

from stripe_sandbox.forms import (
    Currency,
    Email,
    EventType,
    Flag,
    Group,
    Integer,
    ListOf,
    Metadata,
    Rule,
    Text,
    TimeRange,
    Url,
)
from stripe_sandbox.names import LOCALES

Rules: TypeAlias = dict[str, Rule]

_CURRENCY = Currency(required=True)
_UNSET = Text(unsets=True)
_EXPAND: Rules = {"expand": ListOf(of=Text())}
_PAGE: Rules = {
    **_EXPAND,
    "limit": Integer(minimum=1, maximum=100),
    "starting_after": Text(),
    "ending_before": Text(),
}
_DATED_PAGE: Rules = {**_PAGE, "created": TimeRange()}
_ADDRESS = Group(
    of=dict.fromkeys(("line1", "line2", "city", "state", "postal_code", "country"), _UNSET)
)
_RECIPIENT: Rules = {"name": Text(required=True), "address": _ADDRESS, "phone": _UNSET}
_SHIPPING = Group(of={**_RECIPIENT, "carrier": _UNSET, "tracking_number": _UNSET})
PAYMENT_METHODS = ("card", "us_bank_account")
_METHODS = ListOf(of=Text(choices=PAYMENT_METHODS))
_ANY_METHODS = ListOf(of=Text())

_PRODUCT: Rules = {
    "name": Text(required=True, max_length=1500),
    "description": Text(),
    "images": ListOf(of=Url(), max_items=8),
    "metadata": Metadata(),
    "tax_code": Text(),
    "unit_label": Text(),
}
_LINE: Rules = {
    "quantity": Integer(minimum=0, maximum=999_999),
    "metadata": Metadata(),
    "price": Text(),
    "price_data": Group(
        of={
            "currency": _CURRENCY,
            "product": Text(),
            "product_data": Group(of=_PRODUCT),
            "tax_behavior": Text(choices=("exclusive", "inclusive", "unspecified")),
            "unit_amount": Integer(minimum=0, maximum=99_999_999),
        }
    ),
}
_TEXT_POSITION = Group(of={"message": Text(required=True, max_length=1200)})

SESSION_CREATE: Rules = {
    **_EXPAND,
    "mode": Text(choices=("payment", "setup", "subscription")),
    "ui_mode": Text(choices=("hosted_page", "embedded_page", "elements")),
    "line_items": ListOf(of=Group(of=_LINE)),
    "success_url": Url(),
    "cancel_url": Url(),
    "client_reference_id": Text(max_length=200),
    "currency": Currency(),
    "customer": Text(),
    "customer_email": Email(),
    "customer_creation": Text(choices=("always", "if_required")),
    "metadata": Metadata(),
    "expires_at": Integer(minimum=0),
    "locale": Text(choices=LOCALES),
    "submit_type": Text(choices=("auto", "book", "donate", "pay")),
    "billing_address_collection": Text(choices=("auto", "required")),
    "phone_number_collection": Group(of={"enabled": Flag(required=True, only=False)}),
    "allowed_payment_method_types": _METHODS,
    "excluded_payment_method_types": _ANY_METHODS,
    "allow_promotion_codes": Flag(only=False),
    "automatic_tax": Group(of={"enabled": Flag(required=True)}),
    "invoice_creation": Group(of={"enabled": Flag(required=True, only=False)}),
    "adaptive_pricing": Group(of={"enabled": Flag(only=False)}),
    "custom_text": Group(
        of={"submit": _TEXT_POSITION, "after_submit": _TEXT_POSITION}
    ),
    "payment_intent_data": Group(
        of={
            "description": Text(max_length=1000),
            "metadata": Metadata(),
            "receipt_email": Email(),
            "statement_descriptor": Text(max_length=22),
            "statement_descriptor_suffix": Text(max_length=22),
            "shipping": _SHIPPING,
            "capture_method": Text(choices=("automatic", "automatic_async")),
            "transfer_group": Text(),
        }
    ),
}  # fmt: skip
SESSION_UPDATE: Rules = {**_EXPAND, "metadata": Metadata()}
SESSION_LIST: Rules = {
    **_DATED_PAGE,
    "customer": Text(),
    "customer_details": Group(of={"email": Email(required=True)}),
    "payment_intent": Text(),
    "status": Text(choices=("open", "complete", "expired")),
}
SESSION_LINES: Rules = _PAGE
RETRIEVE: Rules = _EXPAND

INTENT_UPDATE: Rules = {**_EXPAND, "metadata": Metadata(), "description": _UNSET}
INTENT_LIST: Rules = {**_DATED_PAGE, "customer": Text()}
INTENT_CANCEL: Rules = {
    **_EXPAND,
    "cancellation_reason": Text(
        choices=("duplicate", "fraudulent", "requested_by_customer", "abandoned")
    ),
}

CHARGE_UPDATE: Rules = {**_EXPAND, "metadata": Metadata(), "description": _UNSET}
CHARGE_LIST: Rules = {
    **_DATED_PAGE, "customer": Text(), "payment_intent": Text(), "transfer_group": Text()
}  # fmt: skip

REFUND_CREATE: Rules = {
    **_EXPAND,
    "amount": Integer(minimum=1),
    "charge": Text(),
    "payment_intent": Text(),
    "reason": Text(choices=("duplicate", "fraudulent", "requested_by_customer")),
    "metadata": Metadata(),
}
REFUND_UPDATE: Rules = {**_EXPAND, "metadata": Metadata()}
REFUND_LIST: Rules = {**_DATED_PAGE, "charge": Text(), "payment_intent": Text()}

EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_email_address", "customer_name", "customer_purchase_ip",
    "duplicate_charge_explanation", "duplicate_charge_id", "product_description",
    "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "shipping_address",
    "shipping_carrier", "shipping_date", "shipping_tracking_number", "uncategorized_text",
)  # fmt: skip
DISPUTE_UPDATE: Rules = {
    **_EXPAND,
    "evidence": Group(of=dict.fromkeys(EVIDENCE, Text(unsets=True, max_length=20_000))),
    "metadata": Metadata(),
    "submit": Flag(),
}
DISPUTE_LIST: Rules = {**_DATED_PAGE, "charge": Text(), "payment_intent": Text()}

EVENT_LIST: Rules = {
    **_DATED_PAGE, "type": EventType(has_pattern=True),
    "types": ListOf(of=EventType(has_pattern=True), max_items=20), "delivery_success": Flag(),
}  # fmt: skip

CUSTOMER_CREATE: Rules = {
    **_EXPAND,
    "address": _ADDRESS,
    "business_name": Text(unsets=True, max_length=150),
    "description": _UNSET,
    "email": Email(unsets=True),
    "individual_name": Text(unsets=True, max_length=150),
    "metadata": Metadata(),
    "name": Text(unsets=True, max_length=256),
    "phone": Text(unsets=True, max_length=20),
    "preferred_locales": ListOf(of=Text()),
    "shipping": Group(of=_RECIPIENT),
    "tax_exempt": Text(choices=("exempt", "none", "reverse")),
}
CUSTOMER_LIST: Rules = {**_DATED_PAGE, "email": Email()}

ENDPOINT_CREATE: Rules = {
    **_EXPAND,
    "api_version": Text(),
    "description": _UNSET,
    "enabled_events": ListOf(of=EventType(), required=True, max_items=500),
    "metadata": Metadata(),
    "url": Url(required=True),
}
ENDPOINT_UPDATE: Rules = {
    **_EXPAND,
    "description": _UNSET,
    "disabled": Flag(),
    "enabled_events": ListOf(of=EventType(), max_items=500),
    "metadata": Metadata(),
    "url": Url(),
}
ENDPOINT_LIST: Rules = _PAGE

BALANCE_LIST: Rules = {
    **_DATED_PAGE, "currency": Currency(), "payout": Text(), "source": Text(), "type": Text()
}  # fmt: skip
