"""A visitor without JavaScript: loads pages, fills in forms, and reads what is there."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

import lxml.html
from fastapi.testclient import TestClient
from lxml.html import FormElement, HtmlElement

PERSON = {"accept": "text/html,application/xhtml+xml"}
BUYER = {
    "institution": "Example College",
    "contact_name": "Ada Reader",
    "email": "ada@example.edu",
    "billing_line1": "170 Claremont Avenue",
    "billing_city": "New York",
    "billing_region": "NY",
    "billing_postal_code": "10027",
}


@dataclass
class Page:
    """A page as it arrived, and where from."""

    path: str
    status: int
    headers: dict[str, str]
    html: str
    document: HtmlElement

    @property
    def heading(self) -> str:
        return self.one("//h1")

    @property
    def text(self) -> str:
        return " ".join(self.document.xpath("//main")[0].text_content().split())

    def one(self, xpath: str) -> str:
        found = self.document.xpath(xpath)
        assert found, f"{xpath} is not on {self.path}"
        return " ".join(found[0].text_content().split())

    def all(self, xpath: str) -> list[str]:
        return [
            " ".join(each.text_content().split()) if hasattr(each, "text_content") else str(each)
            for each in self.document.xpath(xpath)
        ]

    def problems(self) -> list[str]:
        """What the summary of errors says."""
        return self.all("//*[@class='error-summary']//li")

    def form(self, action: str) -> FormElement:
        for form in self.document.forms:
            if form.action == action:
                return form
        msg = f"no form {action} on {self.path}"
        raise AssertionError(msg)


class Visitor:
    """Follows links and redirects within the store, as a browser does."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str) -> Page:
        answer = self.client.get(path, headers=PERSON)
        while answer.status_code in {HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT}:
            path = urljoin(path, answer.headers["location"])
            answer = self.client.get(path, headers=PERSON)
        document = lxml.html.document_fromstring(answer.text)
        return Page(path, answer.status_code, dict(answer.headers), answer.text, document)

    def send(self, form: FormElement, **typed: str | None) -> Page:
        """Send a form with what it holds and what was ``typed``; None leaves a field out."""
        values = {name: value for name, value in form.form_values() if value is not None}
        for name, value in typed.items():
            if value is None:
                values.pop(name, None)
            else:
                values[name] = value
        answer = self.client.post(form.action, data=values, headers=PERSON)
        if answer.status_code == HTTPStatus.SEE_OTHER:
            return self.get(answer.headers["location"])
        document = lxml.html.document_fromstring(answer.text)
        return Page(form.action, answer.status_code, dict(answer.headers), answer.text, document)

    def press(self, form: FormElement, path: str, **button: str) -> Page:
        """Send all that the form holds, several boxes of one name too, by a button."""
        values: dict[str, list[str]] = {}
        for name, value in form.form_values():
            values.setdefault(name, []).append(value)
        answer = self.client.post(path, data=values | button, headers=PERSON)
        if answer.status_code == HTTPStatus.SEE_OTHER:
            return self.get(answer.headers["location"])
        document = lxml.html.document_fromstring(answer.text)
        return Page(path, answer.status_code, dict(answer.headers), answer.text, document)

    def is_a_college(
        self, size: str = "4200", next_path: str = "/films", country: str = "US"
    ) -> Page:
        form = self.get(f"/buyer?next={next_path}").form("/buyer")
        return self.send(form, **{"class": "college", "size": size, "country": country})

    def add(self, slug: str, sku: str) -> Page:
        page = self.get(f"/films/{slug}")
        form = next(f for f in page.document.forms if f.fields.get("offer") == sku)
        return self.send(form)

    def checkout(self) -> Page:
        return self.get("/checkout")

    def order(self, page: Page | None = None, /, **typed: str | None) -> Page:
        """Fill in the checkout completely but for ``typed``, and send it."""
        form = (page or self.checkout()).form("/checkout")
        boxes = {
            box.get("name"): box.get("value") for box in form.xpath(".//input[@type='checkbox']")
        }
        return self.send(form, **{**BUYER, **boxes, **typed})
