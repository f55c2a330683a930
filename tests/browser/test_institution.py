"""A university buys as institutions do: quote, approval, purchase order, invoice, check, renewal.

Nobody of it ever registers. Each page is checked for access on a desktop and on a phone, and each
document as PDF/UA.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pdfua import validate
from playwright.sync_api import FilePayload, Page, ViewportSize, expect
from sqlalchemy import func, select

from app.billing.states import TaxKind
from app.billing.tax_rates import add_rate
from app.billing.tax_schemas import TaxRateIn
from app.core import clock
from app.core.config import Settings
from app.core.email_models import OutboxEmail
from app.licenses.models import License
from app.renewals.notices import renewal_path
from tests.browser import buying
from tests.browser.accessibility import DESKTOP, PHONE, assert_fits_window, assert_nothing_grave
from tests.browser.addresses import log_in
from tests.browser.conftest import Opener
from tests.browser.private_pages import sessions_of
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.emails import text_of
from tests.factories import STAFF
from tests.institutions.people import add_institution
from tests.orders.test_purchase_order_review import pdf
from tests.processes import Store

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]

FILMS = ("the-red-soul", "the-apology", "alice-street")
TAX = "New York sales tax"
NEARLY_A_YEAR = 350  # the licenses, of a year, end soon


@pytest.fixture
def store(
    databases: SqliteDatabases | PostgresDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store that charges tax by its table of rates."""
    url = databases.fresh(seeded=True)
    store = Store(tmp_path_factory.mktemp("store"), url, extra={"REELRIGHT_TAX": "rates"})
    with sessions_of(store) as sessions, sessions.begin() as session:
        for kind in TaxKind:
            draft = TaxRateIn(
                country="US",
                region="NY",
                kind=kind,
                name=TAX,
                percent="8.875",
                valid_from=clock.today(),
            )
            add_rate(session, draft=draft, actor=STAFF)
    with ExitStack() as stack:
        stack.callback(databases.drop, url)
        stack.callback(store.stop)
        store.start()
        yield store


@dataclass
class Story:
    """Who takes part, each with a browser of their own, and what they have in common."""

    store: Store
    folder: Path
    librarian: Page
    approver: Page
    payer: Page
    staff: Page
    name: str
    domain: str
    customer: str

    def email(self, who: str) -> str:
        """Return the address of one who takes part."""
        return f"{who}@{self.domain}"

    def follow(self, who: str, kind: str, path: str) -> str:
        """Return the link to ``path`` in the newest email of this kind to somebody."""
        with sessions_of(self.store) as sessions, sessions() as session:
            found = session.scalars(
                select(OutboxEmail)
                .where(OutboxEmail.to_address == self.email(who), OutboxEmail.kind == kind)
                .order_by(OutboxEmail.id.desc())
            ).first()
            assert found, f"no {kind} to {who}"
            link = re.search(rf"{re.escape(self.store.url)}({path}\S*)", text_of(found))
        assert link, text_of(found)
        return link[1]

    def check_pdf(self, page: Page, link: str) -> None:
        """Download the document of a link, and expect that anyone can read it."""
        address = page.get_by_role("link", name=link).first.get_attribute("href")
        assert address
        answer = page.request.get(address)
        assert answer.status == 200
        path = self.folder / f"{link}.pdf"
        path.write_bytes(answer.body())
        found = [each.message for each in validate(str(path)).findings if is_certain(each)]
        assert found == [], link


def is_certain(finding: object) -> bool:
    return getattr(getattr(finding, "confidence", None), "name", "") == "CERTAIN"


def look(page: Page) -> None:
    """Expect a page that everyone can use, without scrolling sideways."""
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert_nothing_grave(page)
    assert_fits_window(page)


def po_file(pages: int) -> FilePayload:
    """Return a purchase order; another number of pages is another file."""
    return {"name": "PO-7731.pdf", "mimeType": "application/pdf", "buffer": pdf(pages)}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_university_buys_with_purchase_order_and_renews(
    store: Store, open_page: Opener, tmp_path: Path, size: ViewportSize
) -> None:
    width = size["width"]
    with sessions_of(store) as sessions, sessions.begin() as session:
        name, domain = f"Claremont College {width}", f"claremont-{width}.edu"
        customer = add_institution(session, name, domain).ref
    story = Story(
        store,
        tmp_path,
        librarian=open_page(viewport=size),
        approver=open_page(viewport=size),
        payer=open_page(viewport=size),
        staff=open_page(viewport=size),
        name=name,
        domain=domain,
        customer=customer,
    )

    get_quote(story)
    order = accept_quote(story)
    exempt_from_tax(story, order)
    upload(story, pages=1)
    counter_wrong_price(story, order)
    upload(story, pages=2)
    accept_order(story, order)
    see_licenses_and_invoice(story)
    record_payments(story)
    travel(store, tmp_path, days=NEARLY_A_YEAR)
    find_lost_link(story, order)
    renew(story, order)


def get_quote(story: Story) -> None:
    """The librarian, who has no account, gets a quote for three films and forwards it."""
    page = story.librarian
    for film in FILMS:
        page.goto(f"/films/{film}")
        if film == FILMS[0]:
            page.get_by_label("Institution type").select_option(label="College or university")
            page.locator("#size").fill("4,200")
            page.get_by_role("button", name="Show available licenses").click()
        offer = page.locator(f"input[name=offer][value={film}-dsl-1y]")
        form = page.locator("form[action='/cart/lines']").filter(has=offer)
        form.get_by_role("button", name="Add to cart").click()
        expect(page.get_by_role("heading", name="Your cart")).to_be_visible()
    look(page)
    page.get_by_label("Email").fill(story.email("librarian"))
    page.get_by_label("Institution").fill(story.name)
    page.get_by_role("button", name="Get a quote").click()
    expect(page.get_by_role("status")).to_contain_text("Your quote is ready")
    expect(page.locator(".order-line")).to_have_count(3)
    look(page)
    story.check_pdf(page, "Download PDF")

    page.get_by_label("Email to share with").fill(story.email("dean"))
    page.get_by_label("Your name").fill("Ada Reader")
    page.get_by_role("button", name="Share quote").click()
    expect(page.get_by_role("status")).to_contain_text("Quote shared")


def accept_quote(story: Story) -> str:
    """The approver opens the forwarded link, and accepts with the number of a purchase order."""
    page = story.approver
    page.goto(story.follow("dean", "quote-shared", "/quotes/"))
    look(page)
    page.get_by_role("link", name="Accept the quote").click()
    expect(page.get_by_label("I approve it for my institution")).to_be_checked()
    fill_in(page, approver_name="Bo Dean")
    fill_in(page, contact_name="Ada Reader", **buying.ADDRESS)
    page.get_by_label("Pay later with a purchase order").check()
    fill_in(page, po_number="PO-7731", ap_name="Accounts Payable", ap_email=story.email("ap"))
    accept_texts(page)
    look(page)
    page.get_by_role("button", name="Accept quote").click()
    page.wait_for_url("**/orders/**")
    expect(page.get_by_text(TAX).first).to_be_visible()
    look(page)
    return buying.order_number(page)


def exempt_from_tax(story: Story, order: str) -> None:
    """The approver sends the exemption certificate; staff approve it and compute the tax again."""
    page = story.approver
    page.get_by_role("link", name="Send your certificate").click()
    look(page)
    page.locator("#file").set_input_files(po_file(3) | {"name": "ST-119.pdf"})
    page.get_by_label("Kind of form").select_option(index=1)
    page.get_by_role("button", name="Send certificate").click()
    expect(page.get_by_role("status")).to_contain_text("Certificate received")
    look(page)

    staff = story.staff
    log_in(staff)
    staff.goto("/console/exemptions")
    look(staff)
    staff.get_by_role("link", name=story.name).first.click()
    look(staff)
    staff.get_by_role("button", name="Approve certificate").click()
    expect(staff.get_by_role("status")).to_be_visible()
    staff.goto(f"/console/orders/{order}")
    staff.get_by_text("Change the tax", exact=True).click()
    staff.get_by_role("button", name="Compute tax again").click()
    expect(staff.get_by_role("status")).to_be_visible()
    expect(staff.locator("#tax-row")).to_contain_text("$0.00")
    look(staff)


def upload(story: Story, *, pages: int) -> None:
    """Accounts payable upload a purchase order, by the link of the quote or of the order."""
    page = story.payer
    if pages == 1:
        page.goto(story.follow("dean", "quote-shared", "/quotes/"))
    else:
        page.goto(story.follow("librarian", "purchase-order-countered", "/orders/"))
        expect(page.locator(".po-differences")).to_contain_text("Unit price")
    look(page)
    page.locator("#file").set_input_files(po_file(pages))
    page.get_by_role("button", name="Upload purchase order").click()
    expect(page.get_by_text("Purchase order uploaded").first).to_be_visible()
    expect(page.get_by_text("can't be accepted")).to_have_count(0)
    look(page)


def counter_wrong_price(story: Story, order: str) -> None:
    """Staff enter what the purchase order says, see the wrong price, and ask for a correction."""
    page = story.staff
    page.goto(f"/console/orders/{order}/purchase-order")
    look(page)
    page.locator("[id='line-2-unit']").fill("99.00")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("Ask for a correction, or give a reason")).to_be_visible()
    row = page.locator("#compare").get_by_role("row").filter(has_text="Unit price").first
    expect(row).to_contain_text("99.00")
    look(page)
    page.get_by_label("What must change").fill("The second film has another price.")
    page.get_by_role("button", name="Ask for a correction").click()
    expect(page.get_by_role("status")).to_be_visible()


def accept_order(story: Story, order: str) -> None:
    """Staff find the corrected one as ordered, and accept on terms."""
    page = story.staff
    page.goto(f"/console/orders/{order}/purchase-order")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("No differences", exact=True)).to_be_visible()
    look(page)
    page.get_by_role("button", name="Accept order").click()
    expect(page.get_by_role("status")).to_be_visible()
    look(page)


def see_licenses_and_invoice(story: Story) -> None:
    """The buyer has three licenses, and accounts payable the invoice, without tax."""
    page = story.payer
    page.reload()
    expect(page.get_by_role("link", name="Certificate (PDF)")).to_have_count(3)
    look(page)
    story.check_pdf(page, "Certificate (PDF)")
    page.goto(story.follow("ap", "invoice-issued", "/invoices/"))
    expect(page.get_by_text("Open", exact=True)).to_be_visible()
    expect(page.get_by_text("PO-7731", exact=True)).to_be_visible()
    look(page)
    story.check_pdf(page, "Invoice (PDF)")


def record_payments(story: Story) -> None:
    """Staff record a check for half and a transfer for the rest; the statement is balanced."""
    invoice = story.payer.get_by_role("heading", level=1).inner_text()
    due = story.payer.get_by_role("row", name="Balance due").get_by_role("cell").last.inner_text()
    total = round(float(due.strip("$").replace(",", "")) * 100)
    page = story.staff
    parts = {"check": total // 2, "transfer": total - total // 2}
    for method, cents in parts.items():
        page.goto("/console/receipts")
        page.get_by_role("link", name="Record payment").click()
        page.get_by_label("Payer").fill(story.name)
        choices = page.get_by_label("Payment method")
        label = choices.locator("option").filter(has_text=re.compile(method, re.IGNORECASE)).first
        choices.select_option(label=label.inner_text())
        page.get_by_label("Check or transfer number").fill(f"{method} {cents}")
        page.get_by_label("Amount", exact=True).first.fill(f"{cents / 100:.2f}")
        page.locator("#find").fill(invoice)
        page.get_by_role("button", name="Find invoices").click()
        page.get_by_role("checkbox", name=invoice).check()
        look(page)
        page.get_by_role("button", name="Record payment").click()
        expect(page.get_by_role("heading", name="What it pays")).to_be_visible()
        look(page)
        story.payer.reload()
        word = "Open" if method == "check" else "Paid"
        statuses = story.payer.get_by_role("list", name="Invoice status")
        expect(statuses).to_contain_text(word)
    look(story.payer)
    page.goto("/console/receipts")
    look(page)
    page.goto(f"/console/statements/{story.customer}")
    expect(page.get_by_role("row", name="Closing balance")).to_contain_text("$0.00")
    look(page)
    story.check_pdf(page, "Statement (PDF)")


def travel(store: Store, folder: Path, *, days: int) -> None:
    """Start the store again on a later day: each of its processes reads a clock that is ahead."""
    moved = folder / "clock"
    moved.mkdir()
    # Python loads a module of this name when it starts.
    (moved / "sitecustomize.py").write_text(
        "import datetime, time_machine\n"
        f"later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days={days})\n"
        "time_machine.travel(later, tick=True).start()\n",
        encoding="utf-8",
    )
    store.stop()
    store.extra["PYTHONPATH"] = str(moved)
    store.start()


def find_lost_link(story: Story, order: str) -> None:
    """Nearly a year later the librarian has lost the link, and gets it by email."""
    page = story.librarian
    page.context.clear_cookies()
    page.goto("/find-my-order")
    look(page)
    page.get_by_label("Email address").fill(story.email("librarian"))
    page.get_by_role("button", name="Email me the links").click()
    expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
    look(page)
    page.goto(story.follow("librarian", "lost-links", f"/orders/{order}"))
    expect(page.get_by_role("link", name="Certificate (PDF)")).to_have_count(3)
    look(page)
    with sessions_of(story.store) as sessions, sessions() as session:
        sent = session.scalar(
            select(func.max(OutboxEmail.created_at)).where(OutboxEmail.kind == "lost-links")
        )
    assert sent is not None
    assert sent > clock.now() + timedelta(days=NEARLY_A_YEAR - 1)


def renew(story: Story, order: str) -> None:
    """The librarian gets a renewal quote in one step and pays it by card."""
    page = story.librarian
    with sessions_of(story.store) as sessions, sessions() as session:
        numbers = session.scalars(
            select(License.number).where(License.order_number == order).order_by(License.number)
        ).all()
    settings = Settings(_env_file=None)
    page.goto(renewal_path(settings, numbers))
    look(page)
    page.get_by_role("button", name="Get renewal quote").click()
    page.wait_for_url("**/quotes/**")
    expect(page.get_by_text("Renews license")).to_have_count(3)
    look(page)
    story.check_pdf(page, "Download PDF")
    page.get_by_role("link", name="Accept the quote").click()
    fill_in(page, **buying.ADDRESS)
    accept_texts(page)
    look(page)
    page.get_by_role("button", name="Accept quote").click()
    page.wait_for_url("**/c/pay/**")
    page.get_by_label("Card number").fill(buying.PAYS)
    page.get_by_label("Expires").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name of the card or account holder").fill("Ada Reader")
    page.get_by_role("button", name=re.compile(r"^Pay \$")).click()
    page.wait_for_url("**/orders/**")
    buying.expect_status(page, "Payment", "Paid")
    look(page)


def accept_texts(page: Page) -> None:
    for box in page.get_by_role("checkbox", name=re.compile("My institution accepts")).all():
        box.check()


def fill_in(page: Page, **values: str) -> None:
    """Fill in fields by their ids."""
    for name, value in values.items():
        page.locator(f"#{name}").fill(value)
