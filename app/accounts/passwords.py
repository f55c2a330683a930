"""Passwords of staff: argon2id, and the same work whether or not an account exists."""

import re
import unicodedata
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from app.core.errors import FieldProblem

# RFC 9106, section 4, second recommended option: 64 MiB, three passes.
_hasher = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65536, parallelism=4),))
# How much of a password is looked at: guessing the rest takes longer than anyone has. A score of 3
# is "safely unguessable" where hashes are slow: more than ten to the eighth guesses.
MAX_RATED_LENGTH = 72
MIN_SCORE = 3
MIN_LENGTH = 12
MAX_LENGTH = 200


def hash_password(password: str) -> str:
    """Return the hash to keep, which carries its own salt and parameters."""
    return _hasher.hash(prepare(password))


def prepare(password: str) -> str:
    """Return the password as it is compared (RFC 8265, 4.2): spaces are U+0020, letters NFC.

    So it is the same from every keyboard and system.
    """
    spaces = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in password)
    return unicodedata.normalize("NFC", spaces)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Return whether ``password`` is the one. Without a hash it is not, after the same work.

    That equal work keeps the time of an answer from telling which email addresses have accounts.
    """
    if len(prepare(password)) > MAX_LENGTH:
        return False
    known = password_hash or _dummy_hash()
    # Hashes of passwords as they were typed, made before they were prepared, still count.
    forms = dict.fromkeys((prepare(password), password))
    try:
        right = any(_hasher.verify(form, known) for form in forms)
    except UnknownHashError:
        return False
    return right and password_hash is not None


def problem_with(password: str, *, email: str) -> FieldProblem | None:
    """Return why a new password is refused. Length counts, not kinds of characters.

    After NIST SP 800-63B, section 3.1.1.2: no composition rules, no expiry, and none that is
    commonly used, or made of one that is.
    """
    if not MIN_LENGTH <= len(prepare(password)) <= MAX_LENGTH:
        return FieldProblem("#/password", f"Enter {MIN_LENGTH} to {MAX_LENGTH} characters.")
    folded = prepare(password).casefold()
    if email.casefold() in folded or len(set(folded)) < 5:  # noqa: PLR2004 - aaaaaaaaaaaa
        return FieldProblem("#/password", "Enter a password that is harder to guess.")
    if _is_common(prepare(password), email=email):
        detail = "This password is too common. Enter one that is harder to guess."
        return FieldProblem("#/password", detail)
    return None


def _is_common(password: str, *, email: str) -> bool:
    # Its lists take some megabytes: they are loaded with the first new password.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    own = re.split(r"\W+", email)
    found = zxcvbn(password[:MAX_RATED_LENGTH], user_inputs=own, max_length=MAX_RATED_LENGTH)
    return bool(found["score"] < MIN_SCORE)


@lru_cache(maxsize=1)
def _dummy_hash() -> str:
    return _hasher.hash("nobody has this password")
