"""Customers at the console: created, edited, verified, merged, and orders attached."""

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.institutions.models import Institution
from tests.console.staff_browser import StaffBrowser
from tests.institutions.people import add_institution

NEW = "/console/new-customer"


def test_customer_is_created_edited_and_verified(
    sales: StaffBrowser, session: Session, placed: str
) -> None:
    assert "No customers yet." in sales.see("/console/customers").words
    form = sales.see(NEW)
    wrong = sales.send(form, name="", domains="example.edu\ngmail.com", size="many")
    assert "Enter the name." in wrong.words
    assert "Anyone can get an address at gmail.com" in wrong.words
    assert "Enter a whole number" in wrong.words
    more = sales.send(wrong, step="add:identifiers", name="Example College")
    assert "Identifier 1" in more.words
    identifier = {"identifiers/0/scheme": "san", "identifiers/0/value": "169-1504"}
    fields = {"class": "college", "size": "4,200", "domains": "Example.edu", "credit_limit": "5000"}
    checked = sales.send(more, **fields, **identifier)
    assert "The last digit of this SAN does not match the rest" in checked.words
    made = sales.send(checked, **{"identifiers/0/value": "1691503"})
    assert "Customer created." in made.words
    assert made.title == "Example College"
    assert "169-1503" in made.words
    assert "$5,000.00" in made.words

    assert "1 order from this customer's domains is not attached" in made.words
    attached = sales.fill(made, f"{made.path}/attach")
    assert placed in attached.rows()[0]
    verified = sales.fill(attached, f"{made.path}/verify")
    assert "Class and size verified" in verified.words
    edit, second = (sales.see(f"{made.path}/edit") for _ in range(2))
    saved = sales.send(edit, size="4300", hold_reason="Owes for 2025")
    assert "Class and size not verified" in saved.words
    assert "On hold. New orders on terms are refused: Owes for 2025" in saved.words
    late = sales.send(second, size="4400")
    assert late.status == 409
    assert "changed size" in late.words
    found = sales.see("/console/customers?q=EXAMPLE.EDU")
    assert len(found.rows()) == 1
    session.expire_all()
    assert session.scalars(select(Institution.size)).one() == 4300


def test_customers_are_merged_and_the_merge_is_undone(
    sales: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        source = add_institution(session, "Exmaple College", "example.edu").ref
        target = add_institution(session, "Example College").ref
    page = sales.see(f"/console/customers/{source}")
    lost = sales.fill(page, f"/console/customers/{source}/merge", into="Nobody")
    assert "No institution matches." in lost.words
    merged = sales.fill(lost, f"/console/customers/{source}/merge", into="example college")
    assert (merged.title, merged.path) == ("Example College", f"/console/customers/{target}")
    assert "Customers merged." in merged.words
    undone = sales.fill(merged, f"/console/customers/{target}/undo-merge")
    assert "Merge undone." in undone.words
    assert sales.see(f"/console/customers/{source}").title == "Exmaple College"


def test_order_is_attached_and_moved_with_a_reason(
    sales: StaffBrowser, placed: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        add_institution(session, "Example College")
        add_institution(session, "Other College")
    action = f"/console/orders/{placed}/attach"
    order = sales.see(f"/console/orders/{placed}")
    assert "Not attached" in order.words
    attached = sales.fill(order, action, customer="Example College")
    assert "Order attached." in attached.words
    refused = sales.fill(attached, action, customer="Other College")
    assert "Enter a reason to move the order." in refused.words
    moved = sales.fill(refused, action, customer="Other College", reason="Wrong one")
    assert "Order attached." in moved.words


def test_packers_see_customers_and_change_nothing(
    packer: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        path = f"/console/customers/{add_institution(session, 'Example College').ref}"
    assert packer.see(path).actions() == set()
    assert packer.force(f"{path}/verify").status == 403
    assert packer.see(f"{path}/edit").status == 403
    assert packer.see("/console/new-customer").status == 403


def test_editors_of_films_see_no_customers(editor: StaffBrowser) -> None:
    assert editor.see("/console/customers").status == 403


def test_counter_key_of_a_customer_is_created_shown_once_and_revoked(
    sales: StaffBrowser, session: Session
) -> None:
    ref = add_institution(session, "Ohio College", "ohio.edu").ref
    session.commit()
    path = f"/console/customers/{ref}/usage"
    page = sales.see(path)
    assert "No use counted in" in page.words
    assert "No keys yet." in page.words
    made = sales.fill(page, f"{path}/keys", label="Alma")
    assert "Copy the key now." in made.words
    assert "rrc_" in made.words
    revoked = sales.fill(sales.see(path), f"{path}/keys/revoke")
    assert "No keys yet." in revoked.words
