"""The forms of quotes: getting one from a cart, sharing it, and accepting it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from app.core.email_address import Email, format_email_problem
from app.core.errors import FieldProblem
from app.core.text import TextConstraints, one_line
from app.orders.carts import CartReview
from app.orders.priced_lines import TextReference
from app.quotes.drafts import OptionalName, QuoteAcceptance, QuoteDraft, ShortText
from app.quotes.models import Quote
from app.storefront import checkout_form

EMAIL_MESSAGE = checkout_form.MESSAGES["email"]
MESSAGES = {
    "email": EMAIL_MESSAGE,
    "institution": "Enter the name of your institution in up to 200 characters",
    "contact_name": "Enter your name in up to 200 characters",
    "starts_on": checkout_form.MESSAGES["starts_on"],
    "to": "Enter the email address of the person to share with, like name@college.edu",
    "sender": "Enter your name in up to 200 characters",
    "message": "Enter a message of up to 500 characters",
    "approver_name": "Enter the approver's name",
    "approver_title": "Enter the approver's title in up to 200 characters",
}


class InvalidQuoteFormError(Exception):
    """A form of a quote has problems, by field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep the problems."""
        super().__init__()
        self.problems = dict(problems)


class ShareForm(BaseModel):
    """To whom a quote is sent, by whom, and with what message."""

    model_config = ConfigDict(frozen=True)

    to: Email
    sender: Annotated[
        str,
        TextConstraints(strip_whitespace=True, min_length=1, max_length=200),
        AfterValidator(one_line),
    ]
    message: ShortText = ""


class RequestForm(BaseModel):
    """Who asks for a quote: checked before the rest, for the messages of its fields."""

    model_config = ConfigDict(frozen=True)

    email: Email
    institution: OptionalName = ""
    contact_name: OptionalName = ""
    starts_on: date | None = None


def parse_request(
    form: Mapping[str, str], review: CartReview, supersedes: tuple[str, str] | None
) -> QuoteDraft:
    """Return the draft of the form and the cart.

    Raises:
        InvalidQuoteFormError: the form has problems.
    """
    fields: dict[str, str | None] = {name: form.get(name, "") for name in RequestForm.model_fields}
    fields["starts_on"] = form.get("starts_on", "").strip() or None
    try:
        asked = RequestForm.model_validate(fields)
    except ValidationError as error:
        raise InvalidQuoteFormError(_problems(error)) from error
    return QuoteDraft.model_validate(
        {
            "lines": [
                {
                    "offer": view.line.sku,
                    "quantity": view.line.quantity,
                    "starts_on": asked.starts_on if checkout_form.has_last_day(view) else None,
                }
                for view in review.lines
            ],
            "buyer": {
                **asked.model_dump(exclude={"starts_on"}),
                "customer_class": review.buyer.customer_class,
                "size": review.buyer.size,
                "country": review.buyer.country,
            },
            "supersedes": dict(zip(("number", "token"), supersedes, strict=True))
            if supersedes
            else None,
        }
    )


def parse_share(form: Mapping[str, str]) -> ShareForm:
    """Return to whom a quote is sent.

    Raises:
        InvalidQuoteFormError: the form has problems.
    """
    try:
        return ShareForm.model_validate(
            {name: form.get(name, "") for name in ShareForm.model_fields}
        )
    except ValidationError as error:
        raise InvalidQuoteFormError(_problems(error)) from error


def parse_acceptance(
    form: Mapping[str, str], quote: Quote, texts: Sequence[TextReference], *, approver: str
) -> QuoteAcceptance:
    """Return the acceptance of the form. ``approver`` is the address of who is known to approve.

    Raises:
        InvalidQuoteFormError: the form has problems.
    """
    document = {
        **checkout_form.shared_document(form, texts, ships=quote.ships, currency=quote.currency),
        "institution": form.get("institution", ""),
        "contact_name": form.get("contact_name", ""),
    }
    if is_approver(form):
        names = {name: form.get(f"approver_{name}", "") for name in ("name", "title")}
        document["accepted_by"] = {**names, "email": approver or quote.email}
        document["approval"] = form.get("approver", "")
    if form.get("pay") != "po":
        document["po_number"] = None
    problems: dict[str, str] = {}
    acceptance = None
    try:
        acceptance = QuoteAcceptance.model_validate(document)
    except ValidationError as error:
        for problem in error.errors():
            pointer = "#/" + "/".join(str(part) for part in problem["loc"])
            name = _field(pointer, form, texts)
            if name in MESSAGES:
                problems[name] = MESSAGES[name]
            else:
                problems[name] = checkout_form.message_of(name, problem)
    if not quote.institution and not form.get("institution", "").strip():
        problems["institution"] = checkout_form.MESSAGES["institution"]
    asks_name = not quote.contact_name and not is_approver(form)
    if asks_name and not form.get("contact_name", "").strip():
        problems["contact_name"] = checkout_form.MESSAGES["contact_name"]
    problems |= checkout_form.shared_problems(form, texts)
    if problems or acceptance is None:
        raise InvalidQuoteFormError(_in_order(problems))
    return acceptance


def problems_by_field(
    errors: Sequence[FieldProblem],
    form: Mapping[str, str],
    quote: Quote,
    texts: Sequence[TextReference],
) -> dict[str, str]:
    """Return the problems with accepting the quote by field; "" is for the quote."""
    titles = {f"#/lines/{line.number - 1}/offer": line.full_title for line in quote.lines}
    problems: dict[str, str] = {}
    for problem in errors:
        name = _field(problem.pointer, form, texts)
        title = titles.get(problem.pointer, "")
        message = f"{title}: {problem.detail}" if title else problem.detail
        problems[name] = f"{problems[name]} {message}" if name in problems else message
    return _in_order(problems)


def is_approver(form: Mapping[str, str]) -> bool:
    """Return whether the form is filled in by someone who approves the quote."""
    return form.get("role") == "approver"


def _field(pointer: str, form: Mapping[str, str], texts: Sequence[TextReference]) -> str:
    if pointer == "#/accepted_by":
        return ""
    if pointer.startswith("#/accepted_by/"):
        return f"approver_{pointer.rpartition('/')[2]}"
    name = pointer.removeprefix("#/")
    if name in {"institution", "contact_name"}:
        return name
    elsewhere = checkout_form.ships_elsewhere(form)
    return checkout_form.field_of(pointer, texts, elsewhere=elsewhere)


def _problems(error: ValidationError) -> dict[str, str]:
    problems = {}
    for problem in error.errors():
        name = str(problem["loc"][0])
        message = MESSAGES[name]
        is_email = name in {"email", "to"}
        problems[name] = format_email_problem(problem, message) if is_email else message
    return problems


def _in_order(problems: dict[str, str]) -> dict[str, str]:
    """Return the problems in the order of the page: the approver's come before the rest."""
    first = {name: text for name, text in problems.items() if name.startswith("approver_")}
    rest = {name: text for name, text in problems.items() if name not in first}
    return first | checkout_form.in_order(rest)
