import io
from datetime import date
from pathlib import Path

import pikepdf
import pytest
from pdfua import validate

from app.core.documents import (
    Address,
    Addresses,
    Code,
    Column,
    Document,
    Facts,
    Link,
    Notice,
    Table,
    Text,
    Total,
    Totals,
    draw_document,
)
from tests.names import EVERY_NAME


def sample(name: str = "Example College", *, rows: int = 3, **changes: str) -> Document:
    blocks = (
        Addresses(
            addresses=(
                Address("Bill to", (name, "Library", "1 College Road", "Albany, NY 12201")),
                Address("Ship to", (name, "2 College Road", "Albany, NY 12201")),
            )
        ),
        Text(paragraphs=(f"Dear {name},", "Thank you for your order.")),
        Table(
            heading="What you ordered",
            columns=(
                Column("Film", width="fill"),
                Column("Quantity", numeric=True),
                Column("Amount", numeric=True),
            ),
            rows=[((f"{name} {row}", "DVD"), ("1",), ("$398.00",)) for row in range(rows)],
            empty="No films.",
        ),
        Totals(totals=(Total("Subtotal", "$398.00"), Total("Balance", "$398.00", strong=True))),
        Facts(heading="How to pay", facts=(("Check", "1 Example Street"), ("Wire", "000000000"))),
        Notice(words="Do not ship."),
        Code(heading="Hash", words="SHA-256", exact="0f" * 32),
        Link(words="Read it at", exact="https://example.org/quotes/RQ-1"),
    )
    return Document(
        kind="Quote",
        number="RQ-7K3QF9TD",
        heading="RQ-7K3QF9TD",
        seller=("Reelright Films", "1 Example Street", "Brooklyn, NY 11201"),
        facts=(("Issued", "November 30, 2026"), ("Valid through", "January 29, 2027")),
        blocks=blocks,
        **changes,
    )


def drawn(document: Document) -> bytes:
    return draw_document(document, made_on=date(2026, 11, 30), country="US", folder="")


@pytest.mark.parametrize("rows", [0, 3, 60])
@pytest.mark.parametrize("url", ["", "https://example.org/quotes/RQ-1"])
def test_document_is_accessible_pdf(tmp_path: Path, rows: int, url: str) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(drawn(sample(rows=rows, url=url, notice="Superseded by RQ-2.")))

    report = validate(str(path))
    assert [(f.rule_id, f.message) for f in report.findings if f.confidence.name == "CERTAIN"] == []
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == (3 if rows == 60 else 1)
        assert str(pdf.docinfo["/Title"]) == "Quote RQ-7K3QF9TD"


@pytest.mark.parametrize("name", EVERY_NAME.values(), ids=EVERY_NAME)
def test_document_prints_any_name_always_alike(name: str) -> None:
    first = drawn(sample(name, title=f"Quote for {name}"))

    with pikepdf.open(io.BytesIO(first)) as pdf:
        assert len(pdf.pages) >= 1
    assert drawn(sample(name, title=f"Quote for {name}")) == first
