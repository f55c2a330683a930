"""The initials of given names. Pure."""

import re


def initials(given: str) -> str:
    """Return the initials of given names: a hyphen stays, a particle too.

    >>> initials("Jean-Luc Marie"), initials("Kaj van"), initials("J.R.")
    ('J.-L. M.', 'K. van', 'J. R.')
    """
    words = given.replace(".", ". ").split()
    return " ".join(_initial(word) for word in words)


def _initial(word: str) -> str:
    if word.islower():
        return word
    parts = [part for part in re.split("[-\N{HYPHEN}]", word) if part]
    return "-".join(f"{part[0]}." for part in parts)
