"""What a film page holds for machines, in a real browser under the real policy."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.orders import FILM

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]


def test_policy_allows_data_blocks(page: Page) -> None:
    """The page is watched: a breach of the policy would be an error in its console."""
    answer = page.goto(f"/films/{FILM}")
    assert answer
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    data = json.loads(page.locator("script[type='application/ld+json']").text_content() or "")
    assert (data["@type"], data["name"]) == ("Movie", "The Red Soul")
    picture = page.request.get(f"/films/{FILM}/card.png")
    assert picture.headers["content-type"] == "image/png"


def test_a_citation_is_read_and_saved(page: Page, tmp_path: Path) -> None:
    page.goto(f"/films/{FILM}")
    part = page.get_by_role("region", name="For the classroom")
    expect(part).to_contain_text("Gorter, J. (Director).")
    with page.expect_download() as saving:
        part.get_by_role("link", name="BibTeX").click()
    assert saving.value.suggested_filename == "the-red-soul.bib"
    saving.value.save_as(tmp_path / "film.bib")
    assert (tmp_path / "film.bib").read_text().startswith("@misc{the-red-soul,")
