"""A librarian without JavaScript looks up a list."""

import csv
import io

import lxml.html
import openpyxl
import pytest
from fastapi.testclient import TestClient

from app.storefront import lookup_routes
from tests.storefront.visitor import PERSON, Page, Visitor

pytestmark = pytest.mark.seeded

LIST = """Red Soul, The [DVD] / Jessica Gorter
Grass
Titicut Follies (1967)
"""


@pytest.fixture
def college(visitor: Visitor) -> Visitor:
    visitor.is_a_college()
    return visitor


def look_up(visitor: Visitor, text: str = LIST) -> Page:
    return visitor.send(visitor.get("/lookup").form("/lookup"), list=text)


def upload(visitor: Visitor, data: bytes) -> Page:
    form = visitor.get("/lookup").form("/lookup")
    fields = {name: value for name, value in form.form_values() if name != "file"}
    answer = visitor.client.post(
        "/lookup", data=fields, files={"file": ("list", data)}, headers=PERSON
    )
    document = lxml.html.document_fromstring(answer.text)
    return Page("/lookup", answer.status_code, dict(answer.headers), answer.text, document)


def download(visitor: Visitor, page: Page, kind: str) -> bytes:
    form = page.form("/lookup/cart")
    answer = visitor.client.post(f"/lookup/answer.{kind}", data=dict(form.form_values()))
    assert answer.status_code == 200
    assert f'filename="licensing.{kind}"' in answer.headers["content-disposition"]
    return answer.content


def test_page_is_linked_from_the_footer_and_from_how_licensing_works(visitor: Visitor) -> None:
    page = visitor.get("/how-licensing-works")
    assert len(page.all("//a[@href='/lookup']")) == 2


def test_each_row_is_found_uncertain_or_not_found(college: Visitor) -> None:
    page = look_up(college)
    assert page.one("//p[@class='lead']") == "3 rows: 1 found, 1 uncertain, 1 not found."
    assert page.all("//section[@aria-labelledby='found']//h3") == ["The Red Soul"]
    assert page.one("//fieldset/legend") == "Row 2 Grass"
    assert page.all("//ul[@class='lookup-missing']/li") == ["Row 3 Titicut Follies (1967)"]
    prices = page.all("//label/strong")
    own = college.get("/films/the-red-soul").all("//*[@class='compare-price']")
    assert prices == own != []


def test_chosen_candidate_matches_the_row(college: Visitor) -> None:
    page = look_up(college)
    slug = "grass-a-nations-battle-for-life"
    form = page.form("/lookup/cart")
    form.action = "/lookup"
    page = college.send(form, **{"choice-2": slug})
    assert page.one("//p[@class='lead']") == "3 rows: 2 found, 0 uncertain, 1 not found."
    form = page.form("/lookup/cart")
    assert dict(form.form_values())["choice-2"] == slug
    form.action = "/lookup"
    page = college.send(form, **{"choice-1": "-", "choice-2": "no-candidate"})
    assert page.one("//p[@class='lead']") == "3 rows: 0 found, 1 uncertain, 2 not found."


def test_marked_licenses_go_into_the_cart_once(college: Visitor) -> None:
    page = look_up(college)
    sku = page.all("//input[@name='offer']/@value")[0]
    for _ in range(2):
        cart = college.send(page.form("/lookup/cart"), offer=sku)
        assert cart.path == "/cart?filled=1"
        assert cart.one("//*[@class='cart-count']") == "1 license"
        assert cart.one("//*[@class='order-line']//h2") == "The Red Soul"


def test_licenses_that_cannot_be_added_are_named(college: Visitor) -> None:
    page = look_up(college)
    nothing = college.send(page.form("/lookup/cart"))
    assert nothing.status == 422
    assert nothing.problems() == ["Select at least one license."]
    unknown = college.send(page.form("/lookup/cart"), offer="no-such")
    assert unknown.problems() == ["no-such: Offer “no-such” not found."]


def test_lookup_asks_for_the_buyer(visitor: Visitor) -> None:
    form = visitor.get("/lookup").form("/lookup")
    page = visitor.send(form, list="The Red Soul")
    assert page.status == 422
    assert page.problems() == ["Choose an institution type"]
    assert page.one("//textarea") == "The Red Soul"
    page = visitor.send(page.form("/lookup"), **{"class": "college", "size": "4200"})
    assert "For a college or university, 4,200 FTE students, United States" in page.text
    assert "a college or university" in visitor.get("/lookup").text


def test_answer_as_csv_has_a_line_for_each_offer(college: Visitor) -> None:
    data = download(college, look_up(college), "csv").decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(data)))
    assert [line["answer"] for line in lines] == ["found"] * 4 + ["uncertain", "not found"]
    assert lines[0]["your title"] == "Red Soul, The [DVD] / Jessica Gorter"
    assert (lines[0]["film"], lines[0]["score"]) == ("The Red Soul", "100")
    assert lines[0]["currency"] == "USD"
    assert {line["public performance rights"] for line in lines[:4]} == {"yes", "no"}
    assert lines[4]["why"] == "Possible matches: Grass: A Nation's Battle for Life (82)"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_cell_of_an_answer_is_a_formula(college: Visitor, start: str) -> None:
    page = look_up(college, f"title,director\n{start}1+1,{start}cmd\nThe Red Soul,\n")
    data = download(college, page, "csv").decode("utf-8-sig")
    line = next(csv.DictReader(io.StringIO(data)))
    assert (line["your title"], line["your director"]) == (f"'{start}1+1", f"'{start}cmd")
    book = openpyxl.load_workbook(io.BytesIO(download(college, page, "xlsx")))
    cells = [cell for row in book["Licensing"].iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    assert book["Licensing"]["B2"].value == f"'{start}1+1"


def test_number_with_wrong_check_digit_is_noted(college: Visitor) -> None:
    page = look_up(college, "title,isbn,year\nCrutch,9781948745704,c2021\n")
    assert page.all("//section[@aria-labelledby='found']//h3") == ["Crutch"]
    assert page.one("//*[@class='line-problem']").startswith("Ignored: The check digit of ISBN")


def test_upload_replaces_pasted_text(college: Visitor) -> None:
    page = upload(college, "Titel;Jahr\nThe Red Soul;2018\n".encode("utf-8-sig"))
    assert page.all("//section[@aria-labelledby='found']//h3") == ["The Red Soul"]


def test_unreadable_list_shows_the_problem(college: Visitor) -> None:
    assert look_up(college, " \n ").problems() == ["Enter at least one title."]
    page = upload(college, "title\nMaquilápolis\n".encode("latin-1"))
    assert page.status == 422
    assert page.problems()[0].startswith("The file is not in UTF-8.")


def test_too_large_a_file_is_refused_on_a_page(college: Visitor) -> None:
    page = upload(college, b"x" * 1_000_001)
    assert page.status == 413
    assert page.heading == "Request too large"
    assert "at most 1,000,000 bytes" in page.text


def test_thousand_rows_are_answered_at_once_and_ten_thousand_at_most(college: Visitor) -> None:
    assert look_up(college, "Titicut Follies\n" * 1000).path == "/lookup"
    assert look_up(college, "Titicut Follies\n" * 10_001).problems() == [
        "The list has more than 10,000 rows. Split it into smaller lists."
    ]


def test_form_from_elsewhere_is_refused(college: Visitor, client: TestClient) -> None:
    for path in ("/lookup", "/lookup/cart", "/lookup/answer.csv", "/lookup/answer.xlsx"):
        headers = PERSON | {"sec-fetch-site": "cross-site"}
        answer = client.post(path, data={"list": LIST}, headers=headers)
        assert answer.status_code == 403
    assert lookup_routes.MAX_FIELDS >= 4000
    assert "Your cart is empty" in college.get("/cart").text


MANY = "The Red Soul\nAlice Street\nPutin's Witnesses\nThe Red Soul (2018)\n"


def test_found_rows_are_a_table_with_a_column_for_each_kind(college: Visitor) -> None:
    page = look_up(college, MANY)
    heads = page.all("//table[@class='lookup-table']/thead//th/text()")
    assert heads[:2] == ["Title", "DVD"]
    assert "Video file, 1 year" in heads
    rows = page.document.xpath("//table[@class='lookup-table']/tbody/tr")
    assert len(rows) == 4
    assert {len(row.xpath("td")) for row in rows} == {len(heads)}


def test_a_whole_column_is_chosen_without_a_script_and_summed_once_a_film(college: Visitor) -> None:
    page = look_up(college, MANY)
    assert page.one("//*[@class='lookup-bar no-print']/p") == "0 licenses selected, $0.00"

    marked = college.press(page.form("/lookup/cart"), "/lookup", mark="dvd")

    # The film that stands in the list twice is licensed once.
    assert marked.one("//*[@id='chosen-count']") == "3 licenses"
    assert marked.one("//*[@id='chosen-total']") == "$1,194.00"
    assert len(marked.document.xpath("//input[@name='offer'][@checked]")) == 4
    pressed = marked.all("//button[@aria-pressed='true']/@value")
    assert pressed == ["dvd"]
    form = marked.form("/lookup/cart")
    none = college.press(form, "/lookup", mark="dvd")
    assert none.one("//*[@id='chosen-count']") == "0 licenses"
    summed = college.press(form, "/lookup", mark="")
    assert summed.one("//*[@id='chosen-total']") == "$1,194.00"
    cart = college.press(form, "/lookup/cart")
    assert len(cart.all("//*[@class='order-line']//h2")) == 3


def test_repeated_row_is_shown_once(college: Visitor) -> None:
    page = look_up(college, "Crutch\nNothing Like It\nCrutch\nNothing Like It\nGrass\nGrass\n")
    assert page.one("//p[@class='lead']") == ("6 rows: 2 found, 2 uncertain, 2 not found.")
    assert page.all("//section[@aria-labelledby='found']//h3") == ["Crutch"]
    assert "Rows 1, 3. Wrong film?" in page.text
    assert page.all("//ul[@class='lookup-missing']/li/span[@class='quiet']") == ["Rows 2, 4"]


def test_choice_for_a_repeated_row_counts_for_its_repeats(college: Visitor) -> None:
    page = look_up(college, "Grass\nGrass\n")
    form = page.form("/lookup/cart")
    (choice,) = {name for name in form.fields if name.startswith("choice-")}
    film = "grass-a-nations-battle-for-life"
    chosen = college.press(form, "/lookup", **{choice: film})
    assert chosen.one("//p[@class='lead']") == "2 rows: 2 found, 0 uncertain, 0 not found."
