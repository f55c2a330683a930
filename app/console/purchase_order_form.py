"""The form that compares a purchase order with its order: drawn from both, and read."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from app.billing.purchase_order_comparison import ComparedLine, ComparedOrder
from app.console.fields import parse_money
from app.console.forms.submission import get_text
from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
from app.orders.purchase_order_schemas import CompareIn, StatedLineIn

ADDED_LINES = 2
MAX_QUANTITY = 100_000
LABELS = {
    "title": "Title",
    "rights": "Format, rights, and term",
    "quantity": "Quantity",
    "unit": "Unit price",
    "total": "Line total",
}


@dataclass(frozen=True, slots=True)
class FormField:
    """One field: what was ordered, and what the purchase order says."""

    name: str
    label: str
    ordered: str
    value: str

    @property
    def differs(self) -> bool:
        """Return whether the two differ."""
        return self.ordered.casefold().split() != self.value.casefold().split()


@dataclass(frozen=True, slots=True)
class FormLine:
    """One line of the order in the form."""

    number: int
    title: str
    fields: Sequence[FormField]
    is_missing: bool


@dataclass(frozen=True, slots=True)
class CompareForm:
    """The form as it is drawn."""

    lines: Sequence[FormLine]
    added: Sequence[Sequence[FormField]]
    total: FormField
    other_text: str


def build_form(
    ordered: ComparedOrder, stated: ComparedOrder | None, typed: FormData | None = None
) -> CompareForm:
    """Return the form, filled with what was typed, was recorded before, or was ordered."""
    known = stated or ordered
    by_line = {line.line: line for line in known.lines}
    lines = []
    for line in ordered.lines:
        other = by_line.get(line.line)
        prefix = f"line-{line.line}-"
        missing = other is None if typed is None else bool(get_text(typed, f"{prefix}missing"))
        fields = _fields(prefix, line, other or line, ordered.currency, typed)
        lines.append(FormLine(line.line or 0, line.title, fields, missing))
    added = [line for line in known.lines if line.line is None]
    blank = ComparedLine(line=None, title="", rights="", quantity=0, unit_amount=0, total_amount=0)
    rows = [
        _fields(
            f"added-{index}-",
            blank,
            added[index] if index < len(added) else blank,
            ordered.currency,
            typed,
        )
        for index in range(max(ADDED_LINES, len(added)))
    ]
    total = _field("total", "Total", _money(ordered.total_amount, ordered.currency), "", typed)
    if typed is None:
        total = FormField(
            "total", "Total", total.ordered, _money(known.total_amount, known.currency)
        )
    other_text = get_text(typed, "other_text", 1000) if typed is not None else known.other_text
    return CompareForm(lines, rows, total, other_text)


def read_form(form: FormData, ordered: ComparedOrder) -> CompareIn:
    """Return what the form says of the purchase order.

    Sums that were left as ordered follow from the quantities and prices.

    Raises:
        InvalidInputError: a quantity or an amount is none.
    """
    lines: list[StatedLineIn] = []
    problems: list[FieldProblem] = []
    for line in ordered.lines:
        try:
            lines.append(_read_line(form, line, ordered.currency))
        except InvalidInputError as error:
            problems += error.errors
    index = 0
    while f"added-{index}-title" in form and index < ADDED_LINES:
        try:
            if get_text(form, f"added-{index}-title").strip():
                lines.append(_read_added(form, f"added-{index}-", ordered.currency))
        except InvalidInputError as error:
            problems += error.errors
        index += 1
    total = None
    try:
        amount = _amount(form, "total", ordered.currency)
        total = None if amount == ordered.total_amount else amount
    except InvalidInputError as error:
        problems += error.errors
    if problems:
        raise InvalidInputError.of(*problems)
    other_text = get_text(form, "other_text", 1000).strip()
    return CompareIn(lines=lines, total_amount=total, other_text=other_text)


def _read_line(form: FormData, line: ComparedLine, currency: str) -> StatedLineIn:
    prefix = f"line-{line.line}-"
    if get_text(form, f"{prefix}missing"):
        return StatedLineIn(line=line.line, is_missing=True)
    total = _amount(form, f"{prefix}total", currency)
    return StatedLineIn(
        line=line.line,
        title=get_text(form, f"{prefix}title").strip(),
        rights=get_text(form, f"{prefix}rights").strip(),
        quantity=_quantity(form, f"{prefix}quantity"),
        unit_amount=_amount(form, f"{prefix}unit", currency),
        total_amount=None if total == line.total_amount else total,
    )


def _read_added(form: FormData, prefix: str, currency: str) -> StatedLineIn:
    return StatedLineIn(
        title=get_text(form, f"{prefix}title").strip(),
        rights=get_text(form, f"{prefix}rights").strip(),
        quantity=_quantity(form, f"{prefix}quantity"),
        unit_amount=_amount(form, f"{prefix}unit", currency),
        total_amount=_amount(form, f"{prefix}total", currency) or None,
    )


def _fields(
    prefix: str, ordered: ComparedLine, stated: ComparedLine, currency: str, typed: FormData | None
) -> list[FormField]:
    pairs = {
        "title": (ordered.title, stated.title),
        "rights": (ordered.rights, stated.rights),
        "quantity": (str(ordered.quantity or ""), str(stated.quantity or "")),
        "unit": (_money(ordered.unit_amount, currency), _money(stated.unit_amount, currency)),
        "total": (_money(ordered.total_amount, currency), _money(stated.total_amount, currency)),
    }
    if ordered.line is None and not stated.title:
        pairs = dict.fromkeys(pairs, ("", ""))
    return [_field(f"{prefix}{name}", LABELS[name], *sides, typed) for name, sides in pairs.items()]


def _field(name: str, label: str, ordered: str, value: str, typed: FormData | None) -> FormField:
    return FormField(name, label, ordered, value if typed is None else get_text(typed, name))


def _money(amount: int, currency: str) -> str:
    return str(Money(amount, currency).decimal())


def _quantity(form: FormData, name: str) -> int:
    text = get_text(form, name).strip() or "0"
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= MAX_QUANTITY):
        raise InvalidInputError.of(FieldProblem(f"#/{name}", "Enter a quantity like 1."))
    return int(text[:9])


def _amount(form: FormData, name: str, currency: str) -> int:
    amount = parse_money(name, get_text(form, name).strip(), currency).amount
    if amount >= 2**31:
        raise InvalidInputError.of(FieldProblem(f"#/{name}", "Enter a smaller amount."))
    return amount
