"""What is taken as a press kit or a guide."""

import pikepdf
import pytest

from app.catalog.file_enums import FileKind
from app.media import pdfs, uploads
from app.media.errors import FileRefusedError
from tests.media.file_factories import paper, picture

pytestmark = pytest.mark.once


def test_a_pdf_is_kept_as_it_came_and_its_pages_counted() -> None:
    data = paper(7)
    found = uploads.inspect_upload(FileKind.GUIDE, data, "C:\\guides\\Guide \u202e2.pdf")
    assert (found.data, found.pages, found.media_type) == (data, 7, "application/pdf")
    # A letter that turns the text around is no part of a name.
    assert found.original_name == "Guide 2.pdf"


LOCKED = paper(encryption=pikepdf.Encryption(user="secret", owner="secret"))
REFUSED = {
    "a picture": (picture(), "not a PDF"),
    "something before it": (b"MZ" + paper(), "not a PDF"),
    "a cut one": (paper()[:-200], "damaged or incomplete"),
    "the mark alone": (b"%PDF-1.7\n", "damaged or incomplete"),
    "a locked one": (LOCKED, "password-protected"),
    "no page": (paper(0), "has 0 pages"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_pdf_is_refused_with_the_reason(case: str) -> None:
    data, reason = REFUSED[case]
    with pytest.raises(FileRefusedError, match=reason):
        uploads.inspect_upload(FileKind.PRESS_KIT, data, "kit.pdf")


def test_an_endless_pdf_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfs, "MAX_PAGES", 2)
    with pytest.raises(FileRefusedError, match="has 3 pages"):
        pdfs.pages_of(paper(3))
