"""License texts: published once, then kept as they are."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog.public_revision import bump
from app.core.db import insert_ignore
from app.offers.errors import AlreadyExistsError
from app.offers.models import LicenseText
from app.offers.staff_schemas import LicenseTextIn
from app.offers.text_hashing import canonical_body, text_hash


def publish_license_text(
    session: Session, *, draft: LicenseTextIn, actor: Actor
) -> tuple[LicenseText, bool]:
    """Publish a version of a license text. Return it, and whether this call published it.

    Publishing the very same text again changes nothing. Of two callers at once, one publishes.

    Raises:
        AlreadyExistsError: this version exists with other words; give the new text a new version.
    """
    values = {
        "code": draft.code,
        "version": draft.version,
        "title": draft.title,
        "body": canonical_body(draft.body),
        "sha256": text_hash(
            code=draft.code, version=draft.version, title=draft.title, body=draft.body
        ),
    }
    published = insert_ignore(session, LicenseText, values, index_elements=["code", "version"])
    text = session.scalars(
        select(LicenseText).where(
            LicenseText.code == draft.code, LicenseText.version == draft.version
        )
    ).one()
    if text.sha256 != values["sha256"]:
        detail = (
            f"License text {draft.code} {draft.version} is already published and can't change. "
            f"Enter a new version number."
        )
        raise AlreadyExistsError(detail)
    if published:
        audit.record(
            session,
            actor=actor,
            action="license_text.published",
            object_type="license_text",
            object_ref=f"{text.code} {text.version}",
            after={"title": text.title, "sha256": text.sha256},
        )
        bump(session)
    return text, published


def find_broken_texts(session: Session) -> list[str]:
    """Return the license texts whose words no longer give their hash, as ``code version``.

    Orders and licenses name a text by its hash. One that was changed past the store would be
    another text than the one that the buyer accepts.
    """
    return [
        f"{text.code} {text.version}"
        for text in session.scalars(select(LicenseText).order_by(LicenseText.id))
        if text.sha256
        != text_hash(code=text.code, version=text.version, title=text.title, body=text.body)
    ]
