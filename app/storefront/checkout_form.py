"""The checkout's form: flat fields become an order's draft, and what is wrong finds its field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.core.email_address import format_email_problem
from app.core.errors import FieldProblem
from app.offers.licensing import Buyer
from app.offers.models import LicenseText
from app.orders.carts import CartReview
from app.orders.placement import OrderDraft
from app.storefront.forms import whole

ADDRESS = ("line1", "line2", "city", "region", "postal_code", "country")
MAX_AMOUNT = 10**12
# In the order of the page, which is the order of the summary of errors.
WORDS = {
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
    "po_number": "Enter a purchase order number of up to 60 characters on one line",
    "note": "Enter order notes of up to 4,000 characters",
}
# Pointers that are not `/buyer/x` or `/…_address/x`.
OTHERS = {"#/po_number": "po_number", "#/note": "note", "#/shipping_address": "shipping_line1"}


@dataclass(frozen=True, slots=True)
class CheckoutInput:
    """What was typed, and what came of it: a draft, or the problems by field."""

    draft: OrderDraft | None
    problems: dict[str, str]


def first_values(buyer: Buyer) -> dict[str, str]:
    """Return what the form says before anyone has typed."""
    return {
        "billing_country": buyer.country,
        "shipping_country": buyer.country,
        "ship_to": "billing",
        "pay": "now",
    }


def texts_of(review: CartReview) -> list[LicenseText]:
    """Return the license texts of the cart's lines, each once."""
    texts = {
        view.answer.license_text.code: view.answer.license_text
        for view in review.lines
        if view.answer
    }
    return list(texts.values())


def read(form: Mapping[str, str], review: CartReview) -> CheckoutInput:
    """Make the draft that ``form`` asks for, of what is in the cart."""
    problems: dict[str, str] = {}
    texts = texts_of(review)
    draft = None
    try:
        draft = OrderDraft.model_validate(_document(form, review, texts))
    except ValidationError as error:
        for problem in error.errors():
            pointer = "#/" + "/".join(str(part) for part in problem["loc"])
            name = _field(pointer, texts, elsewhere=_elsewhere(form))
            problems[name] = _words(name, problem)
    if form.get("pay") == "po" and not form.get("po_number", "").strip():
        problems["po_number"] = "Enter the purchase order number, or choose to pay now"
    for text in texts:
        if form.get(f"accept_{text.code}") != text.sha256:
            words = f"Read and accept “{text.title}”, version {text.version}"
            problems[f"accept_{text.code}"] = words
    return CheckoutInput(draft if not problems else None, _in_order(problems))


def from_problems(
    found: Sequence[FieldProblem], form: Mapping[str, str], review: CartReview
) -> dict[str, str]:
    """Return what placing the order found wrong, by the form's fields; "" is the cart's."""
    texts = texts_of(review)
    problems: dict[str, str] = {}
    for problem in found:
        name = _field(problem.pointer, texts, elsewhere=_elsewhere(form))
        words = problem.detail[:1].upper() + problem.detail[1:]
        if name == "":
            words = f"{_line_title(problem.pointer, review)}{words}"
        problems[name] = f"{problems[name]} {words}" if name in problems else words
    return _in_order(problems)


def _document(
    form: Mapping[str, str], review: CartReview, texts: Sequence[LicenseText]
) -> dict[str, object]:
    def address(kind: str) -> dict[str, str]:
        return {name: form.get(f"{kind}_{name}", "") for name in ADDRESS}

    return {
        "lines": [
            {
                "offer": view.line.sku,
                "quantity": view.line.quantity,
                "expected_amount": whole(
                    form.get(f"expected_{view.line.id}", ""), least=0, most=MAX_AMOUNT
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
        "billing_address": address("billing"),
        "shipping_address": address("shipping" if _elsewhere(form) else "billing")
        if review.ships
        else None,
        "po_number": form.get("po_number", "").strip() or None,
        "note": form.get("note", ""),
        "accepted_texts": [
            {"code": text.code, "version": text.version, "sha256": text.sha256} for text in texts
        ],
    }


def _words(name: str, problem: ErrorDetails) -> str:
    """Return what the form says of a problem; what a country's post wants explains itself."""
    if name.endswith(("_region", "_postal_code")) and problem["type"] == "value_error":
        if not str(problem["input"]).strip():
            return WORDS[name].replace("Check", "Enter", 1)
        return f"{WORDS[name]}. {problem['msg'].removeprefix('Value error, ')}"
    if problem["type"] == "string_too_long" and "characters" not in WORDS.get(name, "characters"):
        return f"{WORDS[name]}, in up to {problem['ctx']['max_length']} characters"
    if name == "email":
        return format_email_problem(problem, WORDS[name])
    return WORDS.get(name, problem["msg"])


def _elsewhere(form: Mapping[str, str]) -> bool:
    """Whether the disc goes to another address than the bill."""
    return form.get("ship_to") == "other"


def _field(pointer: str, texts: Sequence[LicenseText], *, elsewhere: bool) -> str:
    """Return the name of the form's field that ``pointer`` means; "" if it is about the cart."""
    if not elsewhere:
        # One address was typed for both, so what is wrong with either is wrong there.
        pointer = pointer.replace("#/shipping_address", "#/billing_address")
    if pointer in OTHERS:
        return OTHERS[pointer]
    if pointer.startswith("#/accepted_texts"):
        return f"accept_{texts[0].code}" if texts else ""
    part, _, name = pointer.removeprefix("#/").partition("/")
    if part == "buyer" and name in WORDS:
        return name
    if part in {"billing_address", "shipping_address"} and name in ADDRESS:
        return f"{part.removesuffix('_address')}_{name}"
    return ""


def _line_title(pointer: str, review: CartReview) -> str:
    parts = pointer.split("/")
    if len(parts) > 2 and parts[1] == "lines" and parts[2].isdigit():  # noqa: PLR2004 - #/lines/n
        return f"{review.lines[int(parts[2])].title}: "
    return ""


def _in_order(problems: dict[str, str]) -> dict[str, str]:
    places = {name: place for place, name in enumerate(WORDS)}
    names = sorted(problems, key=lambda name: -1 if name == "" else places.get(name, len(places)))
    return {name: problems[name] for name in names}
