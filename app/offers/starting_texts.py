"""License texts to begin with: a new store writes its own from them."""

from functools import lru_cache
from pathlib import Path

from app.offers.seed_schema import read_license_texts
from app.offers.staff_schemas import LicenseTextIn

# The newest text of each code among the samples; a store that has not their folder has none.
SAMPLES = Path(__file__).parents[2] / "seeds"
FIRST_VERSION = "1.0"


@lru_cache(maxsize=1)
def read_starting_texts() -> dict[str, LicenseTextIn]:
    """Return the newest sample text of each code, by code.

    >>> sorted(read_starting_texts())
    ['digital-site-license', 'dvd-ppr', 'general-terms']
    """
    newest: dict[str, LicenseTextIn] = {}
    for text in read_license_texts(SAMPLES):
        known = newest.get(text.code)
        if known is None or version_key(known.version) < version_key(text.version):
            newest[text.code] = text
    return newest


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by.

    >>> version_key("1.10") > version_key("1.9")
    True
    """
    return tuple(int(part) for part in version.split("."))


def next_version(version: str) -> str:
    """Return the version that follows.

    >>> next_version("1.9")
    '1.10'
    """
    major, minor = version.split(".")
    return f"{major}.{int(minor) + 1}"
