"""Reading what pages say to machines."""

import json
from typing import Any

import lxml.html
from fastapi.testclient import TestClient
from lxml.html import HtmlElement

BROWSER = {"accept": "text/html"}


def page(client: TestClient, path: str) -> HtmlElement:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 200, path
    return lxml.html.document_fromstring(answer.content.decode())


def json_ld(client: TestClient, slug: str) -> dict[str, Any]:
    (script,) = page(client, f"/films/{slug}").xpath("//script[@type='application/ld+json']/text()")
    found: dict[str, Any] = json.loads(script)
    return found


def meta(document: HtmlElement) -> dict[str, str]:
    """Return the page's Open Graph and card tags; none may be there twice."""
    tags = document.xpath("//head/meta[@property or starts-with(@name, 'twitter:')]")
    names = [tag.get("property") or tag.get("name") for tag in tags]
    assert len(set(names)) == len(names)
    return {name: tag.get("content") for name, tag in zip(names, tags, strict=True)}
