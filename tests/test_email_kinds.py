"""Every kind of email is listed, and can be written from its facts alone."""

import pytest

from app.core.email_content import WIDTH, EmailFacts, render_email
from app.email_kinds import EMAIL_KINDS

pytestmark = pytest.mark.once


def find_kinds(of: type) -> set[type]:
    """Return the classes below ``of`` that have none below them."""
    subclasses: list[type] = of.__subclasses__()
    return {kind for each in subclasses for kind in find_kinds(each)} or {of}


def test_every_kind_of_the_store_is_listed() -> None:
    of_store = {kind for kind in find_kinds(EmailFacts) if kind.__module__.startswith("app.")}

    assert set(EMAIL_KINDS.values()) == of_store


@pytest.mark.parametrize("name", EMAIL_KINDS)
def test_an_email_is_written_from_its_facts_as_they_are_stored(name: str) -> None:
    facts = EMAIL_KINDS[name].specimen()
    stored = facts.model_dump(mode="json")

    body = render_email(EMAIL_KINDS, kind=name, facts=stored, subject=facts.subject)

    assert EMAIL_KINDS[name].model_validate(stored) == facts
    lines = body.text.splitlines()
    assert all(len(line) <= WIDTH or line.startswith("http") for line in lines)
    assert f"<title>{facts.subject}</title>" in body.html
    assert facts.kind == name
    assert 0 < len(facts.subject) <= 300
