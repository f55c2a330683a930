"""The statement of account of an institution: its figures, and its PDF."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.billing.sellers import LegalSeller
from app.core import clock
from app.core.config import Settings
from app.core.documents import Column, Document, Table, Text, Total, Totals, draw_document
from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
from app.core.text import isolate
from app.institutions.models import Institution
from app.offers.window_rules import format_day
from app.receivables.account_queries import find_entries
from app.receivables.statements import StatementSums, sum_statement

DEFAULT_DAYS = 90
KIND_LABELS = {
    "invoiced": "Invoices",
    "refunded": "Refunds",
    "paid": "Payments",
    "credited": "Credit notes",
    "written_off": "Written off",
    "voided": "Voided",
}


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """What an institution owed at the start, what changed, and what it owes at the end."""

    institution: Institution
    currency: str
    starts_on: date
    ends_on: date
    sums: StatementSums

    def money(self, amount: int) -> str:
        """Return an amount as people of the institution read it."""
        return Money(amount, self.currency).words_in(self.institution.country)

    @property
    def totals(self) -> list[tuple[str, int]]:
        """The sums, each with its label and sign, without those that are zero."""
        sums = self.sums.totals
        changes = [
            (label, getattr(sums, name) * (1 if name in {"invoiced", "refunded"} else -1))
            for name, label in KIND_LABELS.items()
        ]
        return [(label, amount) for label, amount in changes if amount]

    @property
    def closing_words(self) -> str:
        """What the closing balance means."""
        closing = self.sums.totals.closing
        if closing < 0:
            return f"You have a credit of {self.money(-closing)}."
        if closing == 0:
            return "Nothing is owed."
        return f"{self.money(closing)} is owed."


def build_statement(
    session: Session,
    settings: Settings,
    institution: Institution,
    *,
    starts_on: date | None = None,
    ends_on: date | None = None,
    has_guests: bool = False,
) -> AccountStatement:
    """Return the statement of a period: by default the last 90 days through today.

    For ``has_guests`` see ``find_entries``.

    Raises:
        InvalidInputError: the period ends before it starts.
    """
    ends_on = ends_on or clock.today(settings.seller_time_zone)
    starts_on = starts_on or ends_on - timedelta(days=min(DEFAULT_DAYS, ends_on.toordinal() - 1))
    if ends_on < starts_on:
        detail = "Enter a last day that is not before the first day."
        raise InvalidInputError.of(FieldProblem("#/ends_on", detail))
    entries = find_entries(
        session,
        institution,
        currency=settings.currency,
        zone=settings.seller_time_zone,
        has_guests=has_guests,
    )
    sums = sum_statement(entries, starts_on=starts_on, ends_on=ends_on)
    return AccountStatement(institution, settings.currency, starts_on, ends_on, sums)


def draw_statement(statement: AccountStatement, settings: Settings) -> bytes:
    """Return the statement as PDF/UA."""
    seller = LegalSeller.of(settings)
    totals = statement.sums.totals
    rows = [
        [
            [format_day(line.entry.on)],
            [line.entry.description, line.entry.reference],
            [statement.money(line.entry.change)],
            [statement.money(line.balance)],
        ]
        for line in statement.sums.lines
    ]
    remit = [f"{label}: {value}" for label, value in seller.remit_to.rows()]
    document = Document(
        kind="Statement of account",
        number=statement.institution.ref,
        heading="Statement of account",
        seller=seller.lines(),
        facts=[
            ("Institution", isolate(statement.institution.name)),
            ("From", format_day(statement.starts_on)),
            ("Through", format_day(statement.ends_on)),
        ],
        blocks=(
            Table(
                columns=[
                    Column("Date"),
                    Column("Entry", width="fill"),
                    Column("Amount", numeric=True),
                    Column("Balance", numeric=True),
                ],
                rows=rows,
                empty="Nothing changed in this period.",
            ),
            Totals(
                totals=[
                    Total("Opening balance", statement.money(totals.opening)),
                    *(Total(label, statement.money(amount)) for label, amount in statement.totals),
                    Total("Closing balance", statement.money(totals.closing), strong=True),
                ]
            ),
            Text(
                paragraphs=[
                    statement.closing_words,
                    *(["To pay, write your invoice numbers on the check or transfer."]),
                    *remit,
                ]
                if totals.closing > 0
                else [statement.closing_words]
            ),
        ),
    )
    return draw_document(
        document,
        made_on=statement.ends_on,
        country=statement.institution.country,
        folder=settings.fonts_folder,
    )
