"""Whether an email address is an institution's: docs/decisions/0014. Pure."""

import re

# Where anyone gets an address within a minute. Short on purpose: what is missing here is not let
# through, but flagged, and staff read every note.
FREE_EMAIL_DOMAINS = frozenset(
    [
        "126.com",
        "163.com",
        "aol.com",
        "att.net",
        "comcast.net",
        "cox.net",
        "duck.com",
        "fastmail.com",
        "free.fr",
        "gmail.com",
        "gmx.at",
        "gmx.ch",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hey.com",
        "hotmail.co.uk",
        "hotmail.com",
        "hotmail.de",
        "hotmail.fr",
        "icloud.com",
        "laposte.net",
        "libero.it",
        "live.com",
        "mac.com",
        "mail.com",
        "mail.ru",
        "mailinator.com",
        "me.com",
        "msn.com",
        "naver.com",
        "orange.fr",
        "outlook.com",
        "outlook.de",
        "outlook.fr",
        "pm.me",
        "proton.me",
        "protonmail.com",
        "qq.com",
        "rediffmail.com",
        "rocketmail.com",
        "sbcglobal.net",
        "t-online.de",
        "tutanota.com",
        "verizon.net",
        "wanadoo.fr",
        "web.de",
        "yahoo.ca",
        "yahoo.co.in",
        "yahoo.co.jp",
        "yahoo.co.uk",
        "yahoo.com",
        "yahoo.de",
        "yahoo.fr",
        "yandex.com",
        "yandex.ru",
        "ymail.com",
        "zoho.com",
    ]
)
# Domains that only institutions get, or that stand for them: .edu, .edu.au, .ac.uk, .k12.ny.us,
# .gov, .gov.uk, .org.
INSTITUTIONAL = re.compile(
    r"(?:^|\.)(?:edu(?:\.[a-z]{2})?|ac\.[a-z]{2}|k12\.[a-z]{2}\.us|gov(?:\.[a-z]{2})?|org)$"
)


def domain_of(email: str) -> str:
    """Return the part of an address after its last ``@``, in lower case.

    >>> domain_of("Ada@Library.Example.EDU")
    'library.example.edu'
    """
    return email.rpartition("@")[2].strip().lower().rstrip(".")


def is_free_email(domain: str) -> bool:
    """Whether anyone gets an address there, or under it."""
    parts = domain.split(".")
    return any(".".join(parts[start:]) in FREE_EMAIL_DOMAINS for start in range(len(parts)))


def is_institutional(domain: str) -> bool:
    """Whether the domain's own form says that it is an institution's.

    >>> is_institutional("cs.ox.ac.uk"), is_institutional("example.com")
    (True, False)
    """
    return INSTITUTIONAL.search(domain) is not None
