"""The matrix of roles: every route, tried by everyone who could want an institution's objects.

Two institutions have one of everything. Whoever comes for the first one's objects without a right
to them finds nothing, and changes nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote_plus

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.routing import BaseRoute

from app.accounts.keys import create_key, revoke_key
from app.accounts.permissions import KEY_SCOPES, PERMISSIONS, Role, Scope
from app.institutions.member_models import Member
from app.institutions.merging import merge_institutions, undo_merge
from app.orders import carts
from app.portal.keys import create_member_key
from app.portal.models import MemberKeyKind
from app.quotes.queries import get_quote_by_number
from app.quotes.states import QuoteState
from tests.console.staff_browser import log_in
from tests.factories import STAFF
from tests.journeys.roles_world import KINDS, World, build_world, kind_of, link_url
from tests.journeys.staff_routes import ADMIN_API, CONSOLE, OPEN, read_lines, read_table
from tests.journeys.visitor_routes import BY_LINK, BY_SIGN_IN, PUBLIC
from tests.orders.test_purchase_order_review import pdf
from tests.quotes.quote_factories import acceptance_json, quote_json

PAGE = {"accept": "text/html"}
PDF = pdf()
WITH_FILE = ("/files", "/captions", "/imports", "/exemptions")
BUYERS = {"librarian", "approver"}
EVERYONE = {"requester", "librarian", "approver", "payables"}
# Who of the institution opens what; nobody else ever does.
OPENED_BY: dict[str, dict[str, set[str]]] = {
    "GET /account/orders/{number}": {"order": BUYERS, "own order": BUYERS | {"requester"}},
    "GET /account/quotes/{number}": {"quote": BUYERS, "own quote": BUYERS | {"requester"}},
    "GET /account/invoices/{number}": {
        "invoice": EVERYONE - {"requester"},
        "own invoice": EVERYONE,
    },
    "GET /account/people/{ref}": {
        "requester": BUYERS,
        "librarian": {"approver"},
        "approver": set(),
        "payables": BUYERS,
    },
    "POST /account/people/{ref}": {"requester": BUYERS, "librarian": {"approver"}},
    "POST /account/invitations/{ref}/withdraw": {"invitation": BUYERS},
    "GET /account/requests/{ref}": {
        "request": {"requester", "librarian"},
        "moved request": {"librarian"},
    },
    "POST /account/requests/{ref}/cart": {"request": {"librarian"}},
    "POST /account/requests/{ref}/decline": {"request": {"librarian"}},
    "POST /account/keys/revoke": {"key": {"librarian"}},
    "POST /account/usage/keys": {"institution": BUYERS},
    "POST /account/usage/keys/revoke": {"counter key": BUYERS},
    "GET /account/exemptions": {"institution": EVERYONE},
    "POST /account/exemptions": {"institution": EVERYONE},
    "GET /account/people": {"institution": BUYERS},
    "POST /account/people": {"institution": BUYERS},
    "POST /account/class-links": {"institution": EVERYONE},
    "POST /account/class-links/{ref}/withdraw": {"institution": set()},
    "GET /account/access": {"institution": {"librarian"}},
    "POST /account/access": {"institution": {"librarian"}},
    "POST /account/access/saml": {"institution": {"librarian"}},
    "POST /account/access/platforms": {"institution": {"librarian"}},
    "POST /account/access/platforms/remove": {"institution": {"librarian"}},
    "GET /account/access/ezproxy.txt": {"institution": {"librarian"}},
    "GET /me/orders/{number}/records.{form}": {"order": EVERYONE, "own order": EVERYONE},
    "GET /api/v1/me/orders/{number}/records.{form}": {"order": EVERYONE},
}
# What everyone has, each their own: nobody sees another institution's part of it.
LISTS = {
    "/account",
    "/account/orders",
    "/account/quotes",
    "/account/invoices",
    "/account/licenses",
    "/account/keys",
    "/account/requests",
    "/account/people",
    "/account/access",
    "/account/class-links",
    "/account/access/ezproxy.txt",
    "/account/statement",
    "/account/statement.pdf",
    "/account/usage",
    "/account/usage.csv",
    "/account/usage/{report}.tsv",
    "/account/vendor-documents",
    "/me/licenses",
    "/me/licenses.csv",
    "/me/licenses.ics",
    "/api/v1/me/licenses",
    "/api/v1/me/licenses.csv",
    "/api/v1/me/licenses.ics",
}
# What a list leaves out for people of the institution itself.
HIDDEN = {
    "requester": {"/account/orders": "order", "/account/quotes": "quote", "/account": "quote"},
    "payables": {"/account/orders": "order", "/account/quotes": "quote", "/account": "own quote"},
}
# Which lists not everyone has.
MAY_LIST = {
    "/account/people": BUYERS,
    "/account/access": {"librarian"},
    "/account/class-links": EVERYONE | {"moved"},
    "/account/access/ezproxy.txt": {"librarian"},
    "/account/statement": EVERYONE - {"requester"},
    "/account/statement.pdf": EVERYONE - {"requester"},
    "/account/usage": BUYERS,
    "/account/usage.csv": BUYERS,
    "/account/usage/{report}.tsv": BUYERS,
}
NOT_SIGNED_IN = {"stranger", "deactivated", "expired"}
OUTSIDERS = (
    *("stranger", "alone", "deactivated", "expired", "moved"),
    *(f"south {role}" for role in sorted(EVERYONE)),
)
INSIDERS = tuple(f"north {role}" for role in sorted(EVERYONE))


@pytest.fixture
def world(app: FastAPI, client: TestClient) -> World:
    del client  # which starts the application, and stops it
    return build_world(app)


def routes_of(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Return method and path of each route, at any depth of routers within routers."""
    for route in routes:
        prefix = ""
        if hasattr(route, "original_router"):
            prefix = route.include_context.prefix  # type: ignore[attr-defined]
            complete = getattr(route.original_router, "complete", None)
            if complete is not None:
                complete()
            for method, path in routes_of(route.original_router.routes):
                yield method, prefix + path
        elif isinstance(route, APIRoute):
            for method in route.methods or ():
                yield method, route.path


@pytest.mark.once
def test_every_route_stands_in_the_matrix_once(app: FastAPI) -> None:
    known = Counter(read_lines(PUBLIC + BY_LINK + BY_SIGN_IN))
    for table in (ADMIN_API, CONSOLE):
        known.update((method, path) for method, path, _ in read_table(table))
    assert known == Counter(set(routes_of(app.router.routes)))
    signed_in = set(read_lines(BY_SIGN_IN))
    tried = {tuple(each.split()) for each in OPENED_BY} | {("GET", path) for path in LISTS}
    own = {("POST", f"/account/{of}") for of in ("keys", "name", "sign-out-everywhere")}
    assert own | {("GET", "/account/vendor-documents/{ref}.pdf")} == signed_in - tried


def leaks(world: World, answer: Response) -> set[str]:
    """Return what of the first institution is in an answer, and was not in its question."""
    request = answer.request
    asked = unquote_plus(f"{request.url}{request.headers}{request.read()!r}")
    told = answer.text + str(answer.headers)
    return {mark for mark in world.north.marks if mark in told and mark not in asked}


def test_a_link_opens_its_object_to_whoever_has_it(world: World) -> None:
    failures: list[str] = []
    for who in ("stranger", "south librarian", "alone"):
        browser = world.browser(who)
        for method, path in read_lines(BY_LINK):
            kind = kind_of(path)
            if method == "GET" and "/return" not in path:
                url = link_url(world, path, is_forged=False)
                answer = ask(browser, method, url, world.north.tokens.get(kind, ""))
                is_made_up = "/vendor-documents" in path or path.startswith("/downloads/")
                expected = 404 if is_made_up else 200
                if answer.status_code != expected:
                    failures.append(f"{who}: {method} {url}: {answer.status_code}")
    assert not failures, "\n".join(failures)


@pytest.mark.once
@pytest.mark.slow
def test_without_its_link_an_object_does_not_exist(world: World) -> None:
    north, south = world.north, world.south
    failures: list[str] = []
    with world.app.state.sessions() as session:
        acceptance = acceptance_json(get_quote_by_number(session, north.numbers["quote"]))
    before = world.snapshot()
    for who in OUTSIDERS + INSIDERS:
        browser = world.browser(who)
        for method, path in read_lines(BY_LINK):
            kind, url = kind_of(path), link_url(world, path, is_forged=True)
            tokens = ["", south.tokens.get(kind, "x")]
            if who in {"stranger", "south librarian"}:
                tokens += [token for key, token in north.tokens.items() if key != kind]
            for token in tokens:
                answer = ask(browser, method, url, token, acceptance)
                found = leaks(world, answer)
                if found or answer.status_code != 404:
                    failures.append(f"{who}: {method} {url}: {answer.status_code} {found}")
    failures += changes(before, world.snapshot(), "somebody")
    assert not failures, "\n".join(failures)


def ask(
    browser: TestClient,
    method: str,
    url: str,
    token: str,
    acceptance: dict[str, object] | None = None,
) -> Response:
    """Send a request as the object's holder would, with this token."""
    if url.startswith("/api/"):
        headers = {f"x-{kind}-token": token for kind in ("order", "quote", "license")}
        if method == "GET":
            return browser.get(url, headers=headers)
        if "/files" in url or "/exemptions" in url:
            files = {"file": ("x.pdf", PDF, "application/pdf")}
            data = {"form": "state", "states": "ny"}
            return browser.post(url, headers=headers, files=files, data=data)
        body = acceptance if "/accept" in url else None
        return browser.post(url, headers=headers, json=body)
    if method == "GET":
        return browser.get(url, params={"token": token}, headers=PAGE)
    fields = {"token": token, "reason": "x", "email": "x@mail.example", "po_number": "PO-8"}
    if "purchase-order" in url or "/exemption" in url:
        files = {"file": ("x.pdf", PDF, "application/pdf")}
        return browser.post(url, params={"token": token}, data=fields, files=files, headers=PAGE)
    return browser.post(url, data=fields, headers=PAGE)


def changes(before: dict[str, list[str]], after: dict[str, list[str]], who: str) -> list[str]:
    return [
        f"{who}: changed {name}" for name, rows in after.items() if rows != before.get(name, [])
    ]


def test_an_account_opens_what_its_role_may_see(world: World) -> None:
    failures: list[str] = []
    for who in OUTSIDERS + INSIDERS:
        browser, role = world.browser(who), who.removeprefix("north ")
        before = world.snapshot()
        for line, objects in OPENED_BY.items():
            method, path = line.split()
            for key, roles in objects.items():
                if key == "institution" and who.startswith(("south", "moved")):
                    continue  # they have people of their own: see the lists
                is_allowed = who in INSIDERS and role in roles
                if is_allowed and method == "POST":
                    continue  # each form's own test sends it
                number = world.north.numbers[key]
                url = path.format(number=number, ref=number, form="mrc")
                fields = {
                    "offer": world.sku,
                    "reason": "x",
                    "ref": number,
                    "step": "deactivate",
                    "email": "x@mail.example",
                    "roles": "requester",
                }
                answer = (
                    browser.get(url, headers=PAGE)
                    if method == "GET"
                    else browser.post(url, data=fields, headers=PAGE)
                )
                target = answer.headers.get("location", "")
                is_opened = answer.status_code == 200 or (
                    answer.status_code == 303 and "/account/sign-in" not in target
                )
                is_right = (
                    is_opened
                    if is_allowed
                    else answer.status_code in {303, 401, 403} and not is_opened
                    if who in NOT_SIGNED_IN
                    else answer.status_code == 404
                )
                # Another's page names the institution of those who work there.
                if not is_right or (who in OUTSIDERS and leaks(world, answer)):
                    failures.append(f"{who}: {line}, {key}: {answer.status_code} {target}")
        failures += changes(before, world.snapshot(), who)
    assert not failures, "\n".join(failures)


def test_lists_feeds_and_files_show_only_what_is_of_the_person(world: World) -> None:
    failures: list[str] = []
    for who in OUTSIDERS + INSIDERS:
        browser, role = world.browser(who), who.removeprefix("north ")
        for path in LISTS:
            answer = browser.get(path.format(report="ir"), headers=PAGE)
            may_list = path not in MAY_LIST or who.split()[-1] in MAY_LIST[path]
            expected = {303, 401} if who in NOT_SIGNED_IN else {200} if may_list else {404}
            found = leaks(world, answer)
            if (found and who in OUTSIDERS) or answer.status_code not in expected:
                failures.append(f"{who}: {path}: {answer.status_code} {found}")
            hidden = HIDDEN.get(role, {}).get(path) if who in INSIDERS else None
            if hidden and world.north.numbers[hidden] in answer.text:
                failures.append(f"{who}: {path} shows {hidden}")
    assert not failures, "\n".join(failures)


def test_public_pages_tell_nobody_of_a_customer(world: World) -> None:
    numbers, tokens = world.north.numbers, world.north.tokens
    failures: list[str] = []
    emails = {"email": world.north.people["librarian"].email, "name": "X", "note": "x"}
    forms = {
        "/cart/lines/{line_id}": {"quantity": "0", "remove": "yes"},
        "/find-my-order": emails,
        "/account/sign-in": emails,
        "/films/{slug}/request": emails,
        "/quotes": {"supersedes": f"{numbers['quote']}.x", "email": "x@mail.example"},
    }
    for who in ("stranger", "south approver"):
        browser = world.browser(who)
        for method, path in read_lines(PUBLIC):
            if "verif" in path:
                continue  # it names the licensee to whoever has a license's number (licenses.md)
            url = path.format(
                slug=world.slug,
                number=numbers["license"],
                sha256=numbers["file"],
                line_id=numbers["cart line"],
                name="800.pdf",
                form="mrc",
                ending="ris",
                part="films",
                report="ir",
                code="dvd-ppr",
                version="1.0",
                # Who knows the number of an institution sees how its people log in, as they do.
                ref="IN-00000000",
                signed="x",
                token="x",
                package="x",
            )
            if method == "GET":
                answer = browser.get(url, headers=PAGE)
            elif url.startswith("/api/"):
                old = {"number": numbers["quote"], "token": tokens["own quote"]}
                answer = browser.post(url, json=quote_json(world.sku, supersedes=old))
            else:
                answer = browser.post(url, data=forms.get(path, {}), headers=PAGE)
            found = leaks(world, answer)
            if found or answer.status_code >= 500:
                failures.append(f"{who}: {method} {url}: {answer.status_code} {found}")
    with world.app.state.sessions() as session:
        assert get_quote_by_number(session, numbers["quote"]).state is QuoteState.OPEN
        cart = carts.find_cart(session, tokens["cart"])
        assert cart is not None
        assert [str(line.id) for line in cart.lines] == [numbers["cart line"]]
    assert not failures, "\n".join(failures)


def staff_url(world: World, path: str) -> str:
    """Return the address of the first institution's object."""
    numbers = world.north.numbers
    kinds = {"/customers/": "institution", "/institutions/": "institution", "/aging/": "invoice"}
    kinds |= {"/statements/": "institution", **dict(KINDS)}
    number = next((numbers[key] for part, key in kinds.items() if part in path), "RC-NONE")
    values = {
        "number": number,
        "sha256": numbers["file"],
        "ident": numbers["purchase order"],
        "member": numbers["requester"],
        "person": numbers["requester"],
        "slug": world.slug,
        "invitation": numbers["invitation"],
        "sku": world.sku,
        "form": "mrc",
        "email": "admin@example.org",
        "ref": numbers["exemption" if "exemptions" in path else "institution"],
    }
    if "vendor-documents" in path:
        values["ref"] = world.vendor_document
    return re.sub(r"{(\w+)}", lambda name: values.get(name[1], "1"), path)


@pytest.mark.once
@pytest.mark.slow
def test_an_api_key_does_what_its_scope_says(world: World) -> None:
    failures: list[str] = []
    with world.app.state.sessions.begin() as session:
        keys = {str(scope): create_key(session, label="x", scopes=[scope]) for scope in KEY_SCOPES}
        keys["revoked"] = create_key(session, label="x", scopes=KEY_SCOPES)
        revoke_key(session, prefix=keys["revoked"][:11], actor=STAFF)
        person = world.north.people["librarian"]
        keys["personal"] = create_member_key(
            session, person, kind=MemberKeyKind.SCRIPT, label="Another"
        )
    keys["signed in"] = "x"
    before = world.snapshot()
    for who, key in keys.items():
        browser = world.browser("north librarian" if who == "signed in" else "stranger")
        for method, path, needs in read_table(ADMIN_API):
            is_allowed = who in needs
            if is_allowed and method != "GET":
                continue  # each route's own test sends it
            url = staff_url(world, path)
            headers = {"Authorization": f"Bearer {key}"}
            if method == "POST" and path.endswith(WITH_FILE):
                files = {"file": ("x.pdf", PDF, "application/pdf")}
                answer = browser.post(url, files=files, headers=headers)
            else:
                body = None if method in {"GET", "DELETE"} else {"reason": "x"}
                answer = browser.request(method, url, json=body, headers=headers)
            is_right = (
                answer.status_code in {200, 404, 422}
                if is_allowed
                else answer.status_code == (403 if who in set(KEY_SCOPES) else 401)
            )
            may_see = is_allowed and who == Scope.ORDERS_READ
            if not is_right or (not may_see and leaks(world, answer)):
                failures.append(f"{who}: {method} {url}: {answer.status_code}")
    failures += changes(before, world.snapshot(), "keys")
    assert not failures, "\n".join(failures)


@pytest.mark.once
@pytest.mark.parametrize("role", [*Role, None])
def test_the_console_opens_what_a_role_says(world: World, role: Role | None) -> None:
    browser = world.browser("north approver")
    if role is not None:
        browser = log_in(world.browser("stranger"), role).client
    scopes = PERMISSIONS[role] if role else frozenset()
    before = world.snapshot()
    failures: list[str] = []
    for method, path, needs in read_table(CONSOLE):
        is_allowed = needs is OPEN or bool(needs & scopes)
        if is_allowed and (method != "GET" or needs is OPEN):
            continue  # each form's own test sends it
        url = staff_url(world, path)
        answer = browser.request(
            method, url, data={"reason": "x"} if method == "POST" else None, headers=PAGE
        )
        login = "/console/login" in answer.headers.get("location", "")
        is_right = (
            answer.status_code in {200, 303, 308, 404, 422} and not login
            if is_allowed
            else answer.status_code == 403 or (role is None and login)
        )
        may_see = is_allowed and Scope.ORDERS_READ in scopes
        if not is_right or (not may_see and leaks(world, answer)):
            found = leaks(world, answer)
            failures.append(f"{role}: {method} {url}: {answer.status_code} {found}")
    after = world.snapshot()
    if Scope.ORDERS_READ in scopes:
        del after["audit_entries"]  # who downloads a document is recorded
    failures += changes(before, after, str(role))
    assert not failures, "\n".join(failures)


def test_people_of_a_merged_institution_see_the_other_until_it_is_undone(world: World) -> None:
    north, south = world.north, world.south
    browser = world.browser("south librarian")
    address = f"/account/orders/{north.numbers['order']}"
    sessions = world.app.state.sessions
    headers = {"Authorization": f"Bearer {south.tokens['script key']}"}

    def sees() -> tuple[bool, bool, bool]:
        feed = browser.get("/me/licenses.ics", params={"key": south.tokens["calendar key"]})
        return (
            browser.get(address).status_code == 303,
            north.numbers["license"]
            in world.browser("x").get("/me/licenses", headers=headers).text,
            north.numbers["license"] in feed.text,
        )

    assert sees() == (False, False, False)
    with sessions.begin() as session:
        merge_institutions(session, south.institution.ref, north.institution.ref, actor=STAFF)
    assert sees() == (True, True, True)
    with sessions.begin() as session:
        undo_merge(session, south.institution.ref, actor=STAFF)
    assert sees() == (False, False, False)


def test_keys_of_a_deactivated_person_open_nothing(world: World) -> None:
    tokens = world.north.tokens
    browser = world.browser("stranger")
    headers = {"Authorization": f"Bearer {tokens['script key']}"}

    def statuses() -> list[int]:
        feed = browser.get("/me/licenses.ics", params={"key": tokens["calendar key"]})
        paths = ("/me/licenses", "/me/licenses.csv", "/api/v1/me/licenses")
        return [feed.status_code, *(browser.get(p, headers=headers).status_code for p in paths)]

    assert statuses() == [200, 200, 200, 200]
    with world.app.state.sessions.begin() as session:
        session.get_one(Member, world.north.people["librarian"].id).active = False
    assert statuses() == [404, 401, 401, 401]
    assert world.browser("north librarian").get("/account", headers=PAGE).status_code == 303
