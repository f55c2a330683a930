import unicodedata

import pytest
from pwdlib import PasswordHash

from app.accounts import passwords

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def _as_in_the_store(real_hasher: PasswordHash, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", real_hasher)


def test_a_password_is_kept_as_argon2id_with_a_salt() -> None:
    first, second = (passwords.hash_password("correct horse battery") for _ in range(2))

    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert passwords.verify_password("correct horse battery", first)
    assert not passwords.verify_password("correct horse batterz", first)


def test_nobody_logs_in_without_a_hash_even_with_the_dummy_password() -> None:
    assert not passwords.verify_password("nobody has this password", None)
    assert not passwords.verify_password("", None)


def test_a_broken_hash_refuses_rather_than_fails() -> None:
    assert not passwords.verify_password("anything", "plain-text-left-by-mistake")


def test_a_password_of_a_megabyte_is_not_even_hashed() -> None:
    assert not passwords.verify_password("x" * 1_000_000, passwords.hash_password("x" * 200))


@pytest.mark.parametrize(
    "password",
    ["short", "eleven char", "x" * 201, "aaaaaaaaaaaaaaaa", "sam@example.org!!"],
)
def test_easy_passwords_are_refused(password: str) -> None:
    problem = passwords.problem_with(password, email="sam@example.org")

    assert problem is not None
    assert problem.pointer == "#/password"


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password1234!",
        "qwertyuiop123",
        "letmein12345",
        "trustno1trustno1",
        "123456789012345",
        "samsamsamsam2026",
    ],
)
def test_common_passwords_and_their_like_are_refused(password: str) -> None:
    problem = passwords.problem_with(password, email="sam@example.org")

    assert problem is not None
    assert "This password is too common" in problem.detail


@pytest.mark.parametrize("password", ["reelright-demo", "twelve chars", "ключ от читального зала"])
def test_long_enough_is_good_enough(password: str) -> None:
    assert passwords.problem_with(password, email="sam@example.org") is None


COMPOSED = "Pl\u00f6tzlich gr\u00fcn und wei\u00df"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def test_a_password_is_the_same_from_every_keyboard() -> None:
    assert DECOMPOSED != COMPOSED
    for kept, typed in ((COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)):
        assert passwords.verify_password(typed, passwords.hash_password(kept))
    spaced = COMPOSED.replace(" ", "\u00a0")
    assert passwords.verify_password(spaced, passwords.hash_password(COMPOSED))
    assert not passwords.verify_password(COMPOSED.upper(), passwords.hash_password(COMPOSED))


def test_hashes_of_passwords_as_they_were_typed_still_count() -> None:
    old = passwords._hasher.hash(DECOMPOSED)  # noqa: SLF001 - how they were made before

    assert passwords.verify_password(DECOMPOSED, old)
    assert not passwords.verify_password("another password", old)
