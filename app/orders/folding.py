"""Text as people type it, brought to one form to be compared."""

import unicodedata


def folded(text: str) -> str:
    """Return ``text`` without case, accents, spaces and signs, to compare what people type."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if character.isalnum())[:200]
