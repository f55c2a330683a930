"""Under which names the bytes of a file are kept: all of one file begin with its hash."""

import hashlib


def digest(data: bytes) -> str:
    """Return the hash of ``data``: 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def kept(sha256: str) -> str:
    """Return the name of the bytes themselves."""
    return f"{sha256[:2]}/{sha256}/kept"


def sized(sha256: str, width: int, form: str) -> str:
    """Return the name of a picture's size, ``form`` being its ending."""
    return f"{sha256[:2]}/{sha256}/{width}.{form}"


def master(sha256: str) -> str:
    """Return the name of a master's bytes."""
    return f"masters/{sha256}"


def packaged(package_ref: str, label: str, sha256: str, ending: str) -> str:
    """Return the name of a package's file. The same bytes made twice have the same name."""
    return f"packages/{package_ref}/{label}.{sha256[:12]}.{ending}"


def sha256_in(name: str) -> str:
    """Return the hash that a name belongs to; empty for what is none of our names.

    >>> sha256_in("ab/" + "ab" * 32 + "/320.avif") == "ab" * 32
    True
    """
    parts = name.split("/")
    is_ours = len(parts) == 3 and parts[0] == parts[1][:2]  # noqa: PLR2004 - folder, hash, file
    return parts[1] if is_ours and not name.endswith(".part") else ""
