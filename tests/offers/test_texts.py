"""License texts: one canonical form, one hash, published once and kept."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.core.errors import NotFoundError
from app.offers import license_texts, queries
from app.offers.errors import AlreadyExistsError, ImmutableRowError
from app.offers.models import LicenseText
from app.offers.staff_schemas import LicenseTextIn
from app.offers.text_hashing import canonical_form, text_hash
from tests.offers.offer_factories import STAFF


def text_in(body: str = "One.\n\nTwo.", **changes: str) -> LicenseTextIn:
    """Return a text to publish."""
    return LicenseTextIn.model_validate(
        {"code": "dvd-ppr", "version": "1.0", "title": "DVD", "body": body} | changes
    )


def test_hash_is_of_the_documented_bytes() -> None:
    form = b"code: dvd-ppr\nversion: 1.0\ntitle: DVD\n\nOne.\n\nTwo.\n"
    body = "One.\n\nTwo."
    assert canonical_form(code="dvd-ppr", version="1.0", title="DVD", body=body).encode() == form
    assert (
        text_hash(code="dvd-ppr", version="1.0", title="DVD", body=body)
        == hashlib.sha256(form).hexdigest()
    )


@pytest.mark.parametrize(
    "body",
    ["One.\r\n\r\nTwo.", "One.\r\rTwo.", "\n\nOne.  \n\t\nTwo.\n\n\n", "One.\n\nTwo."],
)
def test_line_ends_and_blanks_do_not_change_the_hash(body: str) -> None:
    assert text_hash(code="a", version="1.0", title="T", body=body) == text_hash(
        code="a", version="1.0", title="T", body="One.\n\nTwo."
    )


def test_composed_and_decomposed_letters_have_one_hash() -> None:
    assert text_hash(code="a", version="1.0", title="T", body="caf\u00e9") == text_hash(
        code="a", version="1.0", title="T", body="cafe\u0301"
    )


@pytest.mark.parametrize(
    "changes", [{"code": "b"}, {"version": "1.1"}, {"title": "U"}, {"body": "One"}]
)
def test_anything_else_changes_the_hash(changes: dict[str, str]) -> None:
    whole = {"code": "a", "version": "1.0", "title": "T", "body": "One."}
    assert text_hash(**whole) != text_hash(**(whole | changes))


def test_published_text_can_be_hashed_again_by_anyone(session: Session) -> None:
    kept, published = license_texts.publish_license_text(
        session, draft=text_in("One. \r\n\r\nTwo."), actor=STAFF
    )
    assert published is True
    form = f"code: {kept.code}\nversion: {kept.version}\ntitle: {kept.title}\n\n{kept.body}"
    assert kept.sha256 == hashlib.sha256(form.encode()).hexdigest()


def test_same_text_again_changes_nothing(session: Session) -> None:
    first, _ = license_texts.publish_license_text(session, draft=text_in(), actor=STAFF)
    again, published = license_texts.publish_license_text(
        session, draft=text_in("One.\r\n\r\nTwo.\n"), actor=STAFF
    )
    assert (again.id, published) == (first.id, False)
    assert len(entries_about(session, "license_text", "dvd-ppr 1.0")) == 1


def test_other_words_need_a_new_version(session: Session) -> None:
    kept, _ = license_texts.publish_license_text(session, draft=text_in(), actor=STAFF)
    with pytest.raises(AlreadyExistsError, match="Enter a new version number"):
        license_texts.publish_license_text(session, draft=text_in("Other words."), actor=STAFF)
    newer, _ = license_texts.publish_license_text(
        session, draft=text_in("Other words.", version="1.1"), actor=STAFF
    )
    assert queries.get_current_text(session, "dvd-ppr").id == newer.id
    assert queries.get_license_text(session, "dvd-ppr", "1.0").sha256 == kept.sha256
    assert [text.version for text in queries.find_current_texts(session)] == ["1.1"]


def test_text_in_hand_cannot_be_changed_or_deleted(session: Session) -> None:
    kept, _ = license_texts.publish_license_text(session, draft=text_in(), actor=STAFF)
    session.commit()
    kept.body = "Other words."
    with pytest.raises(ImmutableRowError, match="never changes"):
        session.flush()
    session.rollback()
    session.delete(session.get_one(LicenseText, kept.id))
    with pytest.raises(ImmutableRowError, match="never changes"):
        session.flush()
    session.rollback()
    assert queries.get_license_text(session, "dvd-ppr", "1.0").body == "One.\n\nTwo.\n"


def test_text_published_by_many_at_once_is_there_once(sessions: sessionmaker[Session]) -> None:
    racers = 6
    start = Barrier(racers)

    def publish(_: int) -> bool:
        start.wait()
        with sessions.begin() as session:
            return license_texts.publish_license_text(session, draft=text_in(), actor=STAFF)[1]

    with ThreadPoolExecutor(racers) as pool:
        published = list(pool.map(publish, range(racers)))
    assert published.count(True) == 1
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(LicenseText)) == 1


def test_unknown_text_is_not_found(session: Session) -> None:
    with pytest.raises(NotFoundError):
        queries.get_license_text(session, "dvd-ppr", "1.0")
    with pytest.raises(NotFoundError):
        queries.get_current_text(session, "dvd-ppr")
