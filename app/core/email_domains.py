"""Tell institutions' email domains from free ones (docs/decisions/0014). Pure."""

import re

# Hosts where anyone can get an address. The list is short on purpose: other addresses are flagged,
# and staff review every note.
FREE_EMAIL_DOMAINS = frozenset((
    "126.com", "163.com", "aol.com", "att.net", "comcast.net", "cox.net", "duck.com",
    "fastmail.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net",
    "googlemail.com", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.fr",
    "icloud.com", "laposte.net", "libero.it", "live.com", "mac.com", "mail.com", "mail.ru",
    "mailinator.com", "me.com", "msn.com", "naver.com", "orange.fr", "outlook.com", "outlook.de",
    "outlook.fr", "pm.me", "proton.me", "protonmail.com", "qq.com", "rediffmail.com",
    "rocketmail.com", "sbcglobal.net", "t-online.de", "tutanota.com", "verizon.net", "wanadoo.fr",
    "web.de", "yahoo.ca", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.de",
    "yahoo.fr", "yandex.com", "yandex.ru", "ymail.com", "zoho.com",
))  # fmt: skip
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
    """Return whether the domain, or a parent of it, gives addresses to anyone."""
    parts = domain.split(".")
    return any(".".join(parts[start:]) in FREE_EMAIL_DOMAINS for start in range(len(parts)))


def is_institutional(domain: str) -> bool:
    """Return whether the form of the domain shows that it belongs to an institution.

    >>> is_institutional("cs.ox.ac.uk"), is_institutional("example.com")
    (True, False)
    """
    return INSTITUTIONAL.search(domain) is not None
