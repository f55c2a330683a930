"""The checkout form: fields become an order draft, and problems are assigned to fields."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.billing.states import PurchaseOrderKind
from app.core.email_address import format_email_problem
from app.core.errors import FieldProblem
from app.offers.licensing import Buyer
from app.offers.models import LicenseText
from app.orders.carts import CartLineView, CartReview
from app.orders.placement import OrderDraft
from app.orders.priced_lines import TextReference
from app.storefront.forms import parse_amount, parse_whole

ADDRESS_FIELDS = ("line1", "line2", "city", "region", "postal_code", "country")
MAX_AMOUNT = 10**12
# In the order of the page and of its error summary.
MESSAGES = {
    "institution": "Enter the name of your institution as it should appear on the license",
    "contact_name": "Enter your name",
    "email": "Enter an email address, like name@college.edu",
    "phone": "Enter a phone number of up to 40 characters, or leave it empty",
    "billing_line1": "Enter the street address of the billing address",
    "billing_line2": "Shorten the second line of the billing address",
    "billing_city": "Enter the town or city of the billing address",
    "billing_region": "Check the state or province of the billing address",
    "billing_postal_code": "Check the ZIP or postal code of the billing address",
    "billing_country": "Choose the country of the billing address",
    "shipping_line1": "Enter the street address of the shipping address",
    "shipping_line2": "Shorten the second line of the shipping address",
    "shipping_city": "Enter the town or city of the shipping address",
    "shipping_region": "Check the state or province of the shipping address",
    "shipping_postal_code": "Check the ZIP or postal code of the shipping address",
    "shipping_country": "Choose the country of the shipping address",
    "starts_on": "Enter the first day of the license, like 2027-07-01, or leave it empty",
    "po_number": "Enter a purchase order number of up to 60 characters on one line",
    "po_issued_on": "Enter the date of the purchase order, like 2026-11-22, or leave it empty",
    "po_kind": "Choose whether it is for one order or several",
    "po_limit": "Enter the limit as an amount, like 5,000, or leave it empty",
    "po_expires_on": "Enter its last day, like 2027-06-30, or leave it empty",
    "ap_name": "Enter a name of up to 200 characters on one line",
    "ap_email": "Enter the email address of accounts payable, like ap@college.edu",
    "note": "Enter order notes of up to 4,000 characters",
}
PURCHASE_ORDER_FIELDS = (
    "po_issued_on",
    "po_kind",
    "po_limit",
    "po_expires_on",
    "ap_name",
    "ap_email",
)
# Pointers that are not `/buyer/x` or `/…_address/x`.
OTHER_FIELDS = {
    "#/po_number": "po_number",
    "#/starts_on": "starts_on",
    "#/purchase_order/issued_on": "po_issued_on",
    "#/purchase_order/kind": "po_kind",
    "#/purchase_order/limit": "po_limit",
    "#/purchase_order/expires_on": "po_expires_on",
    "#/purchase_order/ap_name": "ap_name",
    "#/purchase_order/ap_email": "ap_email",
    "#/note": "note",
    "#/shipping_address": "shipping_line1",
}


# A text of today's offers, or of a quote.
AnyText = LicenseText | TextReference


@dataclass(frozen=True, slots=True)
class CheckoutInput:
    """The result of a form: a draft, or the problems by field."""

    draft: OrderDraft | None
    problems: dict[str, str]


def initial_values(buyer: Buyer) -> dict[str, str]:
    """Return the initial values of the form."""
    return {
        "billing_country": buyer.country,
        "shipping_country": buyer.country,
        "ship_to": "billing",
        "pay": "now",
        "po_kind": PurchaseOrderKind.SINGLE,
    }


def texts_of(review: CartReview) -> list[LicenseText]:
    """Return the license texts of the cart's lines, each once."""
    texts = {
        view.answer.license_text.code: view.answer.license_text
        for view in review.lines
        if view.answer
    }
    return list(texts.values())


def parse_checkout(form: Mapping[str, str], review: CartReview) -> CheckoutInput:
    """Return the order draft of the form and the cart, or the problems."""
    problems: dict[str, str] = {}
    texts = texts_of(review)
    draft = None
    try:
        draft = OrderDraft.model_validate(_document(form, review, texts))
    except ValidationError as error:
        for problem in error.errors():
            pointer = "#/" + "/".join(str(part) for part in problem["loc"])
            name = field_of(pointer, texts, elsewhere=ships_elsewhere(form))
            problems[name] = message_of(name, problem)
    problems |= shared_problems(form, texts)
    return CheckoutInput(draft if not problems else None, in_order(problems))


def problems_by_field(
    errors: Sequence[FieldProblem], form: Mapping[str, str], review: CartReview
) -> dict[str, str]:
    """Return the problems with placing the order by field; "" is for the cart."""
    texts = texts_of(review)
    problems: dict[str, str] = {}
    for problem in errors:
        name = field_of(problem.pointer, texts, elsewhere=ships_elsewhere(form))
        message = problem.detail[:1].upper() + problem.detail[1:]
        if name == "":
            message = f"{_line_title(problem.pointer, review)}{message}"
        # Lines may share a problem, as with the first day that all of them have.
        if message not in problems.get(name, ""):
            problems[name] = f"{problems[name]} {message}" if name in problems else message
    return in_order(problems)


def has_last_day(view: CartLineView) -> bool:
    """Return whether the license of a line ends on a day, so that it may begin later."""
    return view.answer is not None and not view.answer.offer.sale_terms.term.is_open_ended


def _document(
    form: Mapping[str, str], review: CartReview, texts: Sequence[LicenseText]
) -> dict[str, object]:
    return {
        "lines": [
            {
                "offer": view.line.sku,
                "quantity": view.line.quantity,
                "starts_on": form.get("starts_on", "").strip() or None
                if has_last_day(view)
                else None,
                "expected_amount": parse_whole(
                    form.get(f"expected_{view.line.id}", ""), minimum=0, maximum=MAX_AMOUNT
                ),
            }
            for view in review.lines
        ],
        "buyer": {
            "institution": form.get("institution", ""),
            "customer_class": review.buyer.customer_class,
            "size": review.buyer.size,
            "contact_name": form.get("contact_name", ""),
            "email": form.get("email", ""),
            "phone": form.get("phone", ""),
        },
        **shared_document(form, texts, ships=review.ships, currency=review.shipping.currency),
    }


def shared_document(
    form: Mapping[str, str], texts: Sequence[AnyText], *, ships: bool, currency: str
) -> dict[str, object]:
    """Return what an order and the acceptance of a quote both send."""

    def address(kind: str) -> dict[str, str]:
        return {name: form.get(f"{kind}_{name}", "") for name in ADDRESS_FIELDS}

    return {
        "billing_address": address("billing"),
        "shipping_address": address("shipping" if ships_elsewhere(form) else "billing")
        if ships
        else None,
        "po_number": form.get("po_number", "").strip() or None,
        "purchase_order": _purchase_order(form, currency),
        "note": form.get("note", ""),
        "accepted_texts": [
            {"code": text.code, "version": text.version, "sha256": text.sha256} for text in texts
        ],
    }


def shared_problems(form: Mapping[str, str], texts: Sequence[AnyText]) -> dict[str, str]:
    """Return the problems that only a form has: a missing PO number, and unaccepted texts."""
    problems = {}
    if form.get("pay") == "po" and not form.get("po_number", "").strip():
        problems["po_number"] = "Enter the purchase order number, or choose to pay now"
    for text in texts:
        if form.get(f"accept_{text.code}") != text.sha256:
            message = f"Read and accept “{text.title}”, version {text.version}"
            problems[f"accept_{text.code}"] = message
    return problems


def _purchase_order(form: Mapping[str, str], currency: str) -> dict[str, object] | None:
    """Return the details of the purchase order; None if there are none."""
    typed = {name: form.get(name, "").strip() for name in PURCHASE_ORDER_FIELDS}
    kind = typed.pop("po_kind") or PurchaseOrderKind.SINGLE
    if form.get("pay") != "po" or not (any(typed.values()) or kind != PurchaseOrderKind.SINGLE):
        return None
    limit = parse_amount(typed["po_limit"], currency)
    return {
        "kind": kind,
        "issued_on": typed["po_issued_on"] or None,
        "expires_on": typed["po_expires_on"] or None,
        "limit": {"amount": limit, "currency": currency} if typed["po_limit"] else None,
        "ap_name": typed["ap_name"],
        "ap_email": typed["ap_email"] or None,
    }


def message_of(name: str, problem: ErrorDetails) -> str:
    """Return the message for a problem; those of address formats come from the country's rules."""
    if name.endswith(("_region", "_postal_code")) and problem["type"] == "value_error":
        if not str(problem["input"]).strip():
            return MESSAGES[name].replace("Check", "Enter", 1)
        return f"{MESSAGES[name]}. {problem['msg'].removeprefix('Value error, ')}"
    if problem["type"] == "string_too_long" and "characters" not in MESSAGES.get(
        name, "characters"
    ):
        return f"{MESSAGES[name]}, in up to {problem['ctx']['max_length']} characters"
    if name in {"email", "ap_email"}:
        return format_email_problem(problem, MESSAGES[name])
    return MESSAGES.get(name, problem["msg"])


def ships_elsewhere(form: Mapping[str, str]) -> bool:
    """Return whether the shipping address differs from the billing address."""
    return form.get("ship_to") == "other"


def field_of(pointer: str, texts: Sequence[AnyText], *, elsewhere: bool) -> str:
    """Return the form field of ``pointer``; "" for the cart or the quote."""
    if not elsewhere:
        # The form has one address for both.
        pointer = pointer.replace("#/shipping_address", "#/billing_address")
    pointer = re.sub(r"^#/lines/\d+/starts_on$", "#/starts_on", pointer)
    pointer = re.sub(r"^#/purchase_order/limit/.*", "#/purchase_order/limit", pointer)
    if pointer in OTHER_FIELDS:
        return OTHER_FIELDS[pointer]
    if pointer.startswith("#/accepted_texts"):
        return f"accept_{texts[0].code}" if texts else ""
    part, _, name = pointer.removeprefix("#/").partition("/")
    if part == "buyer" and name in MESSAGES:
        return name
    if part in {"billing_address", "shipping_address"} and name in ADDRESS_FIELDS:
        return f"{part.removesuffix('_address')}_{name}"
    return ""


def _line_title(pointer: str, review: CartReview) -> str:
    parts = pointer.split("/")
    if len(parts) > 2 and parts[1] == "lines" and parts[2].isdigit():  # noqa: PLR2004 - #/lines/n
        return f"{review.lines[int(parts[2])].title}: "
    return ""


def in_order(problems: dict[str, str]) -> dict[str, str]:
    """Return the problems in the order of the page."""
    order = {name: index for index, name in enumerate(["", *MESSAGES])}
    names = sorted(problems, key=lambda name: order.get(name, len(order)))
    return {name: problems[name] for name in names}
