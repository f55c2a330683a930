"""A member of staff at a browser: reads pages, fills in the forms that are on them."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.testclient import TestClient
from lxml import html

from app.accounts.models import StaffUser
from app.accounts.permissions import Role
from app.accounts.sessions import open_session
from app.console.access import COOKIE

PASSWORD = "a long enough password"


@dataclass
class Page:
    """One page as it arrived."""

    status: int
    text: str
    path: str

    def __post_init__(self) -> None:
        self.tree = html.fromstring(self.text or "<p></p>")

    @property
    def words(self) -> str:
        """All that can be read, with single spaces."""
        return " ".join(" ".join(self.tree.itertext()).split())

    @property
    def title(self) -> str:
        return " ".join(self.tree.xpath("//h1")[0].text_content().split())

    def actions(self) -> set[str]:
        """Where the page's own forms lead, without the frame's."""
        return set(self.tree.xpath("//main//form[@method='post']/@action"))

    def links(self) -> set[str]:
        return set(self.tree.xpath("//main//a/@href"))

    def rows(self) -> list[str]:
        """Each row of the first table as words."""
        found = self.tree.xpath("(//main//table)[1]/tbody/tr")
        return [" ".join(" ".join(row.itertext()).split()) for row in found]

    def hidden(self, action: str) -> dict[str, str]:
        """Return what the form for ``action`` sends without being asked."""
        (form, *_) = self.tree.xpath(f"//form[@method='post'][@action='{action}']")
        return {
            field.get("name"): field.get("value", "")
            for field in form.xpath(".//input[@type='hidden']")
        }

    def typed(self) -> dict[str, object]:
        """Return all that the page's one form of many questions would send as it stands."""
        (form,) = self.tree.xpath("//form[contains(@class, 'form-page')]")
        found: dict[str, object] = {}
        for field in form.xpath(".//input[@name] | .//textarea[@name]"):
            name, value = field.get("name"), field.get("value")
            if field.get("type") != "checkbox":
                found[name] = value or (field.text or "").removeprefix("\n")
            elif field.get("checked") is not None:
                kept = found.setdefault(name, [])
                assert isinstance(kept, list)
                kept.append(value or "on")
        for field in form.xpath(".//select[@name]"):
            found[field.get("name")] = (field.xpath("./option[@selected]/@value") or [""])[0]
        return found


@dataclass
class StaffBrowser:
    """One person's browser."""

    client: TestClient
    email: str

    def see(self, path: str) -> Page:
        answer = self.client.get(path, headers={"Accept": "text/html"})
        return Page(answer.status_code, answer.text, path)

    def post(self, path: str, fields: Mapping[str, object]) -> Page:
        """Send fields as they are, and follow to the page that tells of it."""
        answer = self.client.post(
            path,
            data={name: value for name, value in fields.items() if value is not None},
            headers={"Accept": "text/html"},
            follow_redirects=True,
        )
        return Page(answer.status_code, answer.text, str(answer.url.path))

    def fill(self, page: Page, action: str, **fields: object) -> Page:
        """Fill in and send the form for ``action`` of a page that was read before."""
        return self.post(action, {**page.hidden(action), **fields})

    def send(self, page: Page, step: str = "save", **changes: object) -> Page:
        """Send the page's form of many questions as it stands but for ``changes``."""
        (action,) = page.tree.xpath("//form[contains(@class, 'form-page')]/@action")
        return self.post(action, page.typed() | {"step": step} | changes)

    def force(self, path: str, **fields: object) -> Page:
        """Send a form that is on no page."""
        return self.post(path, {"once": path, **fields})


def log_in(client: TestClient, *roles: Role, email: str | None = None) -> StaffBrowser:
    """Return a desk of somebody with ``roles``, logged in without the login page."""
    email = email or f"{'-'.join(roles)}@example.org"
    state = client.app.state  # type: ignore[attr-defined]
    with state.sessions.begin() as session:
        user = StaffUser(
            email=email,
            name=f"{' '.join(roles).title()} Person",
            # Nobody logs in with this: what needs the password sets one itself.
            password_hash="none",
            roles=sorted(roles),
        )
        session.add(user)
        session.flush()
        token = open_session(session, user, hours=12, user_agent="test", awaits_code=False)
    browser = TestClient(client.app, raise_server_exceptions=False, follow_redirects=False)
    browser.cookies.set(COOKIE, token, path="/console")
    return StaffBrowser(browser, email)
