"""What staff key in of a purchase order: only where it differs from the order. Pure."""

from collections.abc import Sequence

from app.billing.purchase_order_comparison import ComparedLine, ComparedOrder
from app.core.errors import FieldProblem, InvalidInputError
from app.orders.purchase_order_schemas import CompareIn, StatedLineIn


def read_statement(ordered: ComparedOrder, body: CompareIn) -> ComparedOrder:
    """Return what the purchase order says: as ordered, but for what ``body`` says.

    Raises:
        InvalidInputError: a line is not in the order or comes twice, or an added one has no title.
    """
    lines = {line.line: line for line in ordered.lines}
    added: list[ComparedLine] = []
    problems: list[FieldProblem] = []
    seen: set[int] = set()
    for index, stated in enumerate(body.lines):
        pointer = f"#/lines/{index}"
        if stated.line is None:
            if not stated.title:
                problems.append(FieldProblem(f"{pointer}/title", "Enter what the line says."))
            added.append(_added_line(stated))
        elif stated.line not in lines:
            problems.append(FieldProblem(f"{pointer}/line", "The order has no such line."))
        elif stated.line in seen:
            problems.append(FieldProblem(f"{pointer}/line", "Enter each line once."))
        else:
            seen.add(stated.line)
            if stated.is_missing:
                del lines[stated.line]
            else:
                lines[stated.line] = _stated_line(lines[stated.line], stated)
    if problems:
        raise InvalidInputError.of(*problems)
    stated_lines = (*lines.values(), *added)
    total = body.total_amount
    if total is None:
        change = _sum(stated_lines) - _sum(ordered.lines)
        total = max(ordered.total_amount + change, 0)
    return ComparedOrder(
        currency=ordered.currency,
        lines=stated_lines,
        total_amount=total,
        other_text=body.other_text,
    )


def _sum(lines: Sequence[ComparedLine]) -> int:
    return sum(line.total_amount for line in lines)


def _stated_line(ordered: ComparedLine, stated: StatedLineIn) -> ComparedLine:
    changes = stated.model_dump(exclude={"line", "is_missing"}, exclude_none=True)
    if "total_amount" not in changes and changes.keys() & {"quantity", "unit_amount"}:
        quantity = changes.get("quantity", ordered.quantity)
        changes["total_amount"] = quantity * changes.get("unit_amount", ordered.unit_amount)
    return ordered.model_copy(update=changes)


def _added_line(stated: StatedLineIn) -> ComparedLine:
    quantity = 1 if stated.quantity is None else stated.quantity
    unit = stated.unit_amount or 0
    total = quantity * unit if stated.total_amount is None else stated.total_amount
    return ComparedLine(
        line=None,
        title=stated.title or "",
        rights=stated.rights or "",
        quantity=quantity,
        unit_amount=unit,
        total_amount=total,
    )
