"""Two institutions with one of everything that is theirs, and who may come for it."""

from dataclasses import dataclass, field
from datetime import timedelta

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.billing.models import CreditNote, Invoice
from app.billing.purchase_order_files import inspect_purchase_order
from app.billing.vendor_documents import add_document
from app.billing.vendor_models import VendorDocumentKind
from app.core import clock
from app.core.config import Settings
from app.core.db import Base
from app.core.rate_limits import RateLimiter
from app.institutions.invitations import invite_person
from app.institutions.member_models import Member, MemberRole, MemberSession
from app.institutions.member_schemas import InvitationIn
from app.institutions.members import join_institution
from app.institutions.models import Institution
from app.institutions.sessions import COOKIE, open_member_session
from app.media.uploads import store_upload
from app.offers.licensing import Buyer
from app.offers.models import Offer
from app.orders import carts
from app.orders.acceptance import accept
from app.orders.cancellation import cancel
from app.orders.models import Order
from app.portal.film_requests import FilmRequestDraft, ask_for_film
from app.portal.keys import create_member_key
from app.portal.models import FilmRequest, MemberKey, MemberKeyKind
from app.receivables.statement_emails import statement_path
from app.renewals.notices import renewal_path
from app.usage.keys import create_counter_key, find_counter_keys
from tests import factories
from tests.factories import STAFF
from tests.institutions.people import add_institution, add_member
from tests.orders.test_purchase_order_review import pdf
from tests.quotes import quote_factories

ROLES = {
    "requester": MemberRole.REQUESTER,
    "librarian": MemberRole.LIBRARIAN,
    "approver": MemberRole.APPROVER,
    "payables": MemberRole.ACCOUNTS_PAYABLE,
}
# Written by every request, or by every sign-in: no object of a customer.
NOISE = {"throttle_counts", "api_keys", "worker_heartbeats"}
SHORTEST_MARK = 5


# By the part of the path that names the object's kind; the first that fits counts.
KINDS = (
    ("/purchase-order", "waiting order"),
    ("/exemption", "waiting order"),
    ("/checkout", "waiting order"),
    ("/pay", "waiting order"),
    ("/cart", "waiting order"),
    ("/orders/", "order"),
    ("/quotes/", "quote"),
    ("/invoices/", "invoice"),
    ("/credit-notes/", "credit note"),
    ("/licenses/", "license"),
)


@dataclass
class Side:
    """An institution, its people by role, and its objects: their numbers and their secrets."""

    institution: Institution
    domain: str
    people: dict[str, Member]
    numbers: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def keep(self, key: str, number: str, token: str = "") -> None:
        """Remember an object."""
        self.numbers[key] = number
        if token:
            self.tokens[key] = token

    @property
    def marks(self) -> set[str]:
        """What is in no answer to anybody else."""
        found = {
            self.institution.name,
            f"@{self.domain}",
            *self.numbers.values(),
            *self.tokens.values(),
        }
        return {mark for mark in found if len(mark) > SHORTEST_MARK}


@dataclass
class World:
    """Both institutions, a film and its license, and the sessions of all who come."""

    app: FastAPI
    north: Side
    south: Side
    sku: str
    slug: str
    vendor_document: str
    cookies: dict[str, str]

    def browser(self, who: str) -> TestClient:
        """Return a browser of its own, signed in unless a stranger's."""
        client = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)
        if who in self.cookies:
            client.cookies.set(COOKIE, self.cookies[who])
        return client

    def keys(self, path: str) -> tuple[str, str]:
        """Return the signed key of a route, and the other institution's with our number in it."""
        name, of = (
            ("statement", "institution") if "/statements/" in path else ("renewal", "license")
        )
        mine, other = self.north, self.south
        return mine.tokens[name], other.tokens[name].replace(other.numbers[of], mine.numbers[of])

    def snapshot(self) -> dict[str, list[str]]:
        """Return all rows of all tables, to see that nothing was changed."""
        with self.app.state.sessions() as session:
            return {
                table.name: sorted(map(str, session.execute(select(table))))
                for table in Base.metadata.sorted_tables
                if table.name not in NOISE
            }


def kind_of(path: str) -> str:
    """Return what kind of object a route is about."""
    if path.startswith("/quotes/"):
        return "quote"
    if path.startswith("/invoices/"):
        return "invoice"
    return next((kind for part, kind in KINDS if part in path), "")


def link_url(world: World, path: str, *, is_forged: bool) -> str:
    """Return the address of the first institution's object, without its token."""
    numbers = world.north.numbers
    return path.format(
        number=numbers.get(kind_of(path), ""),
        sha256=numbers["file"],
        form="mrc",
        key=world.keys(path)[is_forged],
        ref=world.vendor_document,
        token="x",
        secret="x",
        ticket="x",
        name="x",
    )


def build_world(app: FastAPI) -> World:
    """Fill the store: each institution buys, is invoiced, and asks; each person signs in."""
    settings: Settings = app.state.settings
    app.state.rates = RateLimiter(100_000)  # all come from one address
    with app.state.sessions.begin() as session:
        offer = factories.offer(session, delivery="file")
        north = _fill(session, settings, "Northmark College", "northmark.edu", offer)
        south = _fill(session, settings, "Southmark College", "southmark.edu", offer)
        upload = inspect_purchase_order(pdf(), "w9.pdf")
        store_upload(app.state.storage, upload)
        document = add_document(
            session,
            upload,
            kind=VendorDocumentKind.W9,
            title="W-9",
            valid_from=clock.today(),
            valid_through=None,
            actor=STAFF,
        )
        # Who left, whose session ended, and who works elsewhere now.
        librarian = [MemberRole.LIBRARIAN]
        former = {
            who: add_member(session, f"{who}@mail.example", north.institution, librarian)
            for who in ("deactivated", "expired", "moved")
        }
        people = {"alone": add_member(session, "ada@mail.example"), **former}
        for name, side in (("north", north), ("south", south)):
            people |= {f"{name} {role}": person for role, person in side.people.items()}
        cookies = {
            who: open_member_session(session, settings, member, user_agent="test")
            for who, member in people.items()
        }
        former["deactivated"].active = False
        north.keep("moved request", _ask_for_film(session, settings, former["moved"], offer))
        join_institution(session, former["moved"], south.institution, roles=[MemberRole.REQUESTER])
        (open_session,) = session.scalars(
            select(MemberSession).where(MemberSession.member_id == former["expired"].id)
        )
        open_session.expires_at = clock.now() - timedelta(seconds=1)
        slug = offer.film.slug
        world = World(app, north, south, offer.sku, slug, document.ref, cookies)
    for side in (north, south):
        _send_files(world.browser("stranger"), side)
    return world


def _fill(session: Session, settings: Settings, name: str, domain: str, offer: Offer) -> Side:
    institution = add_institution(session, name, domain)
    people = {
        role: add_member(session, f"{role}@{domain}", institution, [value])
        for role, value in ROLES.items()
    }
    side = Side(institution, domain, people)

    _buy(session, side, offer)
    _ask(session, settings, side, offer)
    for role, person in people.items():
        side.keep(role, person.ref)
    side.keep("institution", institution.ref)
    return side


def _buy(session: Session, side: Side, offer: Offer) -> None:
    """Place orders, get quotes, and what comes of them."""
    institution, people = side.institution, side.people
    name, domain = institution.name, side.domain

    def order(email: str, po_number: str) -> Order:
        buyer = {
            **factories.draft_json(session)["buyer"],
            "email": email,
            "institution": name,
        }
        made = factories.order(session, offer, buyer=buyer, po_number=po_number)
        made.institution_id, made.confirmed_at = institution.id, clock.now()
        session.flush()
        return made

    for key, email in (("", f"dean@{domain}"), ("own ", people["requester"].email)):
        made = factories.pay(session, order(email, f"PO-{name[:5].upper()}"))
        side.keep(f"{key}order", made.number, made.access_token)
        (license_,) = (line.license for line in made.lines)
        assert license_ is not None
        side.keep(f"{key}license", license_.number, license_.access_token)
        invoice = session.scalars(select(Invoice).where(Invoice.order_number == made.number)).one()
        invoice.institution_id = institution.id
        side.keep(f"{key}invoice", invoice.number, invoice.access_token)
        buyer = quote_factories.quote_json()["buyer"] | {"email": email, "institution": name}
        quote = quote_factories.quote(session, offer, buyer=buyer)
        quote.institution_id, quote.is_confirmed = institution.id, True
        side.keep(f"{key}quote", quote.number, quote.access_token)
    waiting = order(f"dean@{domain}", "PO-8")
    side.keep("waiting order", waiting.number, waiting.access_token)
    side.keep("purchase order", str(waiting.purchase_order_id))
    canceled = order(f"dean@{domain}", "PO-9")
    accept(session, canceled, actor=STAFF)
    cancel(session, canceled, actor=STAFF, reason="Ordered twice")
    note = session.scalars(
        select(CreditNote).join(Invoice).where(Invoice.order_number == canceled.number)
    ).one()
    side.keep("credit note", note.number, note.access_token)


def _ask(session: Session, settings: Settings, side: Side, offer: Offer) -> None:
    """Invite, ask for a film, make keys, and fill a cart."""
    institution, people, domain = side.institution, side.people, side.domain
    invitation = invite_person(
        session,
        settings,
        institution,
        InvitationIn.model_validate({"email": f"new@{domain}", "roles": ["requester"]}),
        actor=people["approver"].actor,
    )
    side.keep("invitation", invitation.ref)
    side.keep("request", _ask_for_film(session, settings, people["requester"], offer))
    owner = people["librarian"]
    for kind in MemberKeyKind:
        side.tokens[f"{kind} key"] = create_member_key(session, owner, kind=kind, label="Key")
    refs = select(MemberKey.ref).where(MemberKey.member_id == owner.id).order_by(MemberKey.id)
    side.keep("key", session.scalars(refs).all()[0])
    counter_key = create_counter_key(session, institution, "Harvester", actor=owner.actor)
    side.tokens["counter key"] = counter_key
    its_keys = find_counter_keys(session, institution.id)
    side.keep("counter key", its_keys[0].ref)
    cart, secret = carts.create_cart(
        session, buyer=Buyer(institution.customer_class, institution.size, "US")
    )
    carts.add_line(session, cart, sku=offer.sku, on=clock.today())
    session.flush()
    side.tokens["cart"] = secret
    side.keep("cart line", str(cart.lines[0].id))
    path = renewal_path(settings, [side.numbers["license"]])
    side.tokens["renewal"] = path.removeprefix("/renewals/")
    path = statement_path(settings, institution, until=clock.today() + timedelta(days=30))
    side.tokens["statement"] = path.removeprefix("/statements/")


def _ask_for_film(session: Session, settings: Settings, member: Member, offer: Offer) -> str:
    """Ask the person's library for the film; return the request's reference."""
    draft = FilmRequestDraft.model_validate(
        {"email": member.email, "name": "Tea Cher", "needed_on": None, "note": "Now"}
    )
    ask_for_film(session, offer.film, draft, member, settings)
    asked = select(FilmRequest.ref).where(FilmRequest.email == member.email)
    return session.scalars(asked).one()


def _send_files(client: TestClient, side: Side) -> None:
    """Upload a purchase order and an exemption certificate, as the order's holder does."""
    number = side.numbers["waiting order"]
    headers = {"x-order-token": side.tokens["waiting order"]}
    file = {"file": ("file.pdf", pdf(), "application/pdf")}
    answer = client.post(
        f"/api/v1/orders/{number}/purchase-order/files",
        headers=headers,
        files=file,
        data={"po_number": "PO-8"},
    )
    assert answer.status_code == 201, answer.text
    side.numbers["file"] = answer.json()["files"][0]["sha256"]
    answer = client.post(
        f"/api/v1/orders/{number}/exemptions",
        headers=headers,
        files=file,
        data={"form": "state", "states": "ny", "number": f"EX-{side.institution.name[:5]}"},
    )
    assert answer.status_code == 201, answer.text
    side.numbers["exemption"] = answer.json()["ref"]
