"""The form of an order that staff enter: its fields, searches, and what fills it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.customers import CLASSES, CustomerClass
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.catalog.titles import slugify
from app.console.forms.field_types import Field, FieldGroup, FieldType, Rows, Shape, enum_choices
from app.console.forms.form_page import RowHint
from app.console.forms.input_values import InputValues, format_inputs
from app.console.forms.pickers import PickerOption
from app.core import clock
from app.core.numbers import parse_number
from app.institutions.models import Institution
from app.institutions.queries import search_institutions
from app.offers.licensing import Buyer, NotOffered, build_offer_answer
from app.offers.models import Offer
from app.offers.states import OfferStatus
from app.orders.models import Order
from app.orders.queries import OrderFilters, build_conditions
from app.orders.staff_drafts import TextsAcceptedBy
from app.orders.staff_orders import Approver
from app.web.formats import countries

MAX_CUSTOMERS = 6
ADDRESS: Sequence[Field] = (
    Field("line1", "Address line 1", max_length=120),
    Field("line2", "Address line 2", max_length=120),
    Field("city", "City", max_length=120),
    Field("region", "State or province", max_length=120),
    Field("postal_code", "ZIP or postal code", max_length=20),
    Field("country", "Country", FieldType.CHOICE, choices=countries()),
)
REQUIRED_ADDRESS = {
    "line1": "Enter the street address.",
    "city": "Enter the city.",
    "country": "Choose a country.",
}
BUYER_FIELDS: Sequence[Field] = (
    Field(
        "institution",
        "Institution",
        required="Enter the licensee's name.",
        help="As it should appear on the license.",
    ),
    Field(
        "class",
        "Class",
        FieldType.CHOICE,
        required="Choose a class.",
        choices=[(each.value, facts.label) for each, facts in CLASSES.items()],
    ),
    Field("size", "Size", FieldType.WHOLE, help="As its class is measured."),
    Field("contact_name", "Contact", required="Enter the contact's name."),
    Field(
        "email",
        "Email",
        required="Enter the contact's email address.",
        invalid="Enter an email address, like name@college.edu.",
    ),
    Field("phone", "Phone", max_length=40, empty=""),
)
BUYER: list[Shape] = [
    Field(
        "institution_ref",
        "Customer record",
        help="Filled in by the search. Empty: by the domain of the email.",
        max_length=40,
    ),
    FieldGroup("buyer", "Buyer", BUYER_FIELDS),
    FieldGroup(
        "billing_address",
        "Billing address",
        [replace(field, required=REQUIRED_ADDRESS.get(field.name, "")) for field in ADDRESS],
    ),
]
SHIPPING: list[Shape] = [
    FieldGroup(
        "shipping_address",
        "Shipping address",
        [replace(field, invalid=REQUIRED_ADDRESS.get(field.name, "")) for field in ADDRESS],
        help="Empty: the billing address.",
    )
]
ITEMS: list[Shape] = [
    Rows(
        "lines",
        "Films",
        "film",
        (
            Field(
                "offer",
                "Offer",
                FieldType.OFFER,
                help="Part of the film's title, or the SKU.",
                required="Enter part of the film's title, or the SKU.",
            ),
            Field("quantity", "Copies", FieldType.WHOLE, empty=1),
            Field("unit_amount", "Agreed unit price", FieldType.MONEY, help="Empty: list price."),
            Field(
                "price_reason",
                "Reason for the price",
                help="If it is not the list price. The buyer can read it.",
                max_length=500,
            ),
        ),
        max_rows=50,
    ),
    Rows(
        "charges",
        "Other charges",
        "charge",
        (
            Field("description", "Description", required="Enter what the charge is for."),
            Field("amount", "Amount", FieldType.MONEY, required="Enter the amount."),
        ),
        help="Such as captioning. They grant no license.",
        max_rows=20,
    ),
]
TERMS: list[Shape] = [
    Field("po_number", "Purchase order number", max_length=60),
    FieldGroup(
        "purchase_order",
        "Accounts payable",
        (Field("ap_name", "Contact"), Field("ap_email", "Email for invoices")),
    ),
    Field(
        "terms_days",
        "Payment due in days",
        FieldType.WHOLE,
        help="On terms only. Empty: as usual.",
    ),
    Field("shipping_amount", "Agreed shipping price", FieldType.MONEY, help="Empty: as usual."),
    Field(
        "approved_by",
        "Discount approved by",
        FieldType.CHOICE,
        invalid="Choose who approved the discount.",
    ),
    Field(
        "texts_accepted_by",
        "License texts accepted by",
        FieldType.CHOICE,
        help="The buyer's document that accepts them. It is recorded with your name.",
        required="Choose how the buyer accepted the license texts.",
        choices=enum_choices(TextsAcceptedBy),
    ),
    Field(
        "note",
        "Order notes",
        FieldType.TEXT,
        help="The buyer can read them.",
        max_length=4000,
        empty="",
    ),
]
SHAPES: list[Shape] = [*BUYER, *SHIPPING, *ITEMS, *TERMS]
# A quote needs less: the rest is asked when it is accepted.
QUOTE_SHAPES: list[Shape] = [
    Field("institution_ref", "Customer record", max_length=40),
    FieldGroup(
        "buyer",
        "Buyer",
        [
            replace(field, required="") if field.name in {"institution", "contact_name"} else field
            for field in BUYER_FIELDS
        ],
    ),
    FieldGroup("billing_address", "Billing address", ADDRESS),
    *ITEMS,
    *(
        shape
        for shape in TERMS
        if shape.name in {"po_number", "shipping_amount", "approved_by", "note"}
    ),
]
AMOUNTS = ("unit_amount", "amount", "shipping_amount")


@dataclass(frozen=True, slots=True)
class CustomerOption:
    """A customer or an earlier order that fills in the form."""

    ref: str
    name: str
    facts: str


def terms_shapes(approvers: Sequence[Approver], limit: int) -> list[Shape]:
    """Return the fields of payment and terms, with the people who may approve a discount."""
    return [
        replace(
            shape,
            choices=[(person.email, person.name) for person in approvers],
            help=f"For more than {limit} percent off, and for free licenses.",
        )
        if isinstance(shape, Field) and shape.name == "approved_by"
        else shape
        for shape in TERMS
    ]


def blank_input(country: str) -> InputValues:
    """Return the input of an empty form, with one line for a film."""
    return format_inputs(SHAPES, {"lines": [{}], "billing_address": {"country": country}})


def reshape(values: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of the form as those of a ``StaffOrderDraft``."""
    values = _reshape_amounts(values)
    if not any(values["purchase_order"].values()):
        values["purchase_order"] = None
    if not any(values["shipping_address"].values()):
        values["shipping_address"] = values["billing_address"]
    return values


def reshape_quote(values: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of the form as those of a ``StaffQuoteDraft``."""
    values = _reshape_amounts(values)
    address = values.pop("billing_address")
    values["buyer"] = values["buyer"] | {"country": address.get("country")}
    return values


def _reshape_amounts(values: dict[str, Any]) -> dict[str, Any]:
    values = {name: _plain(name, value) for name, value in values.items()}
    for name in ("lines", "charges"):
        values[name] = [
            {field: _plain(field, value) for field, value in row.items()} for row in values[name]
        ]
    return values


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401 - any plain value
    return value["amount"] if name in AMOUNTS and isinstance(value, dict) else value


def find_customers(session: Session, text: str) -> list[CustomerOption]:
    """Return the customers that match ``text``, then buyers of earlier orders without a record."""
    if not text:
        return []
    institutions = session.scalars(
        search_institutions(select(Institution), text)
        .order_by(Institution.name_key)
        .limit(MAX_CUSTOMERS)
    )
    options = [
        CustomerOption(each.ref, each.name, f"{CLASSES[each.customer_class].label}, {each.country}")
        for each in institutions
    ]
    orders = session.scalars(
        select(Order)
        .where(*build_conditions(OrderFilters(q=text)), Order.institution_id.is_(None))
        .order_by(Order.id.desc())
        .limit(MAX_CUSTOMERS * 5)
    )
    by_buyer = {(order.institution_key, order.email): order for order in reversed(orders.all())}
    options += [
        CustomerOption(order.number, order.institution, f"{order.contact_name}, {order.email}")
        for order in reversed(by_buyer.values())
    ]
    return options[:MAX_CUSTOMERS]


def fill_in_customer(session: Session, typed: InputValues, ref: str) -> None:
    """Fill in what is known of a customer, or of the buyer of an earlier order."""
    number = parse_number(ref, "RR")
    institution = order = None
    if number:
        order = session.scalar(select(Order).where(Order.number == number))
    else:
        institution = session.scalar(select(Institution).where(Institution.ref == ref))
    if institution is not None:
        order = session.scalar(
            select(Order)
            .where(Order.institution_id == institution.id)
            .order_by(Order.id.desc())
            .limit(1)
        )
    values: dict[str, Any] = {"institution_ref": institution.ref if institution else ""}
    if order is not None:
        values |= {
            "buyer": _buyer(order) | {"institution": order.institution},
            "billing_address": order.billing,
            "purchase_order": {"ap_name": order.ap_name, "ap_email": order.ap_email},
        }
    if institution is not None:
        values["buyer"] = values.get("buyer", {}) | _buyer(institution)
        values["buyer"]["institution"] = institution.name
        values["billing_address"] = (
            institution.billing or values.get("billing_address") or {"country": institution.country}
        )
        values["terms_days"] = institution.terms_days
    known = format_inputs(SHAPES, values)
    typed.update({name: known[name] for name in values})


def _buyer(source: Institution | Order) -> dict[str, Any]:
    facts = {"class": str(source.customer_class), "size": source.size}
    if isinstance(source, Order):
        facts |= {name: getattr(source, name) for name in ("contact_name", "email", "phone")}
    return facts


def find_offers(
    session: Session, text: str, limit: int, *, buyer: Mapping[str, str], country: str
) -> list[PickerOption]:
    """Return published offers whose film or SKU has all words of ``text``, with their prices."""
    words = slugify(text).split("-")[:8]
    if not any(words):
        return []
    offers = session.scalars(
        select(Offer)
        .options(joinedload(Offer.film))
        .join(Film, Film.id == Offer.film_id)
        .where(
            Offer.status == OfferStatus.PUBLISHED,
            Film.status == FilmStatus.PUBLISHED,
            *(
                or_(
                    Film.slug.contains(word, autoescape=True),
                    Film.sort_key.contains(word, autoescape=True),
                    Offer.sku.contains(word, autoescape=True),
                )
                for word in words
            ),
        )
        .order_by(Film.sort_key, Offer.sku)
        .limit(limit)
    ).all()
    asking = _asking_buyer(buyer, country)
    return [
        PickerOption(offer.sku, _film(offer), _facts(session, offer, asking)) for offer in offers
    ]


def find_offer_hints(session: Session, typed: InputValues) -> dict[str, RowHint]:
    """Return what each line with a SKU stands for, by its pointer."""
    skus = {row["offer"] for row in typed["lines"]}
    offers = session.scalars(
        select(Offer).options(joinedload(Offer.film)).where(Offer.sku.in_(skus))
    )
    by_sku = {offer.sku: offer for offer in offers}
    asking = _asking_buyer(typed["buyer"], typed["billing_address"]["country"])
    return {
        f"lines/{position}": RowHint(f"{_film(offer)}: {_facts(session, offer, asking)}")
        for position, row in enumerate(typed["lines"])
        if (offer := by_sku.get(row["offer"])) is not None
    }


def _film(offer: Offer) -> str:
    return f"{offer.film.title} ({offer.film.release_year})"


def _facts(session: Session, offer: Offer, buyer: Buyer | None) -> str:
    return f"{offer.title} · {_price(session, offer, buyer)}"


def _asking_buyer(buyer: Mapping[str, str], country: str) -> Buyer | None:
    if buyer.get("class") not in set(CustomerClass):
        return None
    size = buyer.get("size", "").replace(",", "")
    is_size = size.isascii() and size.isdigit() and len(size) <= 9  # noqa: PLR2004 - as fields take
    return Buyer(CustomerClass(buyer["class"]), int(size) if is_size else None, country or "US")


def _price(session: Session, offer: Offer, buyer: Buyer | None) -> str:
    if buyer is None:
        return offer.sku
    answer = build_offer_answer(session, offer.sku, buyer, quantity=1, on=clock.today())
    if isinstance(answer, NotOffered):
        return answer.refusals[0].words
    return answer.price.unit.words()
