"""The canonical form of a license text: the bytes that its hash is taken over."""

import hashlib
import unicodedata


def canonical_body(text: str) -> str:
    """Return ``text`` in Unicode NFC, with LF ends, no trailing blanks and one LF at the end.

    So a text that was saved by another editor, or fetched on another system, has the same hash.
    """
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def canonical_form(*, code: str, version: str, title: str, body: str) -> str:
    r"""Return a license text as one string: three header lines, a blank one, the body.

    >>> canonical_form(code="a", version="1.0", title="T", body="One.  ")
    'code: a\nversion: 1.0\ntitle: T\n\nOne.\n'
    """
    head = canonical_body(f"code: {code}\nversion: {version}\ntitle: {title}")
    return f"{head}\n{canonical_body(body)}"


def text_hash(*, code: str, version: str, title: str, body: str) -> str:
    """Return the SHA-256 of the canonical form in UTF-8, as 64 lower-case hex digits."""
    form = canonical_form(code=code, version=version, title=title, body=body)
    return hashlib.sha256(form.encode()).hexdigest()
