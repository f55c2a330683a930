"""Sickle, an OAI-PMH client, let at the application without a network."""

import warnings
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from lxml import etree

from tests.discovery.validating import valid_oai

with warnings.catch_warnings():
    # Its own source has escapes that newer Pythons warn of, once, when they compile it.
    warnings.simplefilter("ignore")
    from sickle import Sickle

BASE = "http://127.0.0.1:8000"
NS = {
    "o": "http://www.openarchives.org/OAI/2.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
    "m": "http://www.loc.gov/MARC21/slim",
}


class Harvester(Sickle):  # type: ignore[misc]
    """Asks by GET or POST, as the original, and keeps what it was answered."""

    def __init__(self, client: TestClient, http_method: str = "GET") -> None:
        super().__init__(f"{BASE}/oai", http_method=http_method)
        self.client = client
        self.answers: list[Response] = []

    def _request(self, kwargs: dict[str, Any]) -> Response:
        if self.http_method == "GET":
            answer = self.client.get("/oai", params=kwargs)
        else:
            answer = self.client.post("/oai", data=kwargs)
        assert answer.status_code == 200, answer.text
        valid_oai(answer.content)
        self.answers.append(answer)
        return answer


def asked(client: TestClient, query: str) -> etree._Element:
    answer = client.get(f"/oai?{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    return valid_oai(answer.content)


def error(client: TestClient, query: str) -> str:
    """Return the one error's code; nothing else may be answered beside it."""
    root = asked(client, query)
    names = [etree.QName(child).localname for child in root]
    assert names == ["responseDate", "request", "error"], query
    (found,) = root.xpath("o:error", namespaces=NS)
    assert found.text
    return str(found.get("code"))
