"""Whom a network address stands for, where tries and requests are counted."""

from ipaddress import IPv6Address, ip_address

from fastapi import Request

# An IPv6 host chooses the rest of its address itself: it has 2**64 addresses.
IPV6_PREFIX = 64


def network_of(request: Request) -> str:
    """Return what requests of this sender are counted under."""
    return normalize_address(request.client.host if request.client else "unknown")


def normalize_address(address: str) -> str:
    """Return an IPv4 address as it is, and an IPv6 address as its network.

    >>> normalize_address("2001:db8:1:2:3:4:5:6")
    '2001:db8:1:2::/64'
    >>> normalize_address("::ffff:198.51.100.7")
    '198.51.100.7'
    """
    try:
        parsed = ip_address(address.strip().strip("[]").partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    network = int(parsed) >> (128 - IPV6_PREFIX) << (128 - IPV6_PREFIX)
    return f"{IPv6Address(network)}/{IPV6_PREFIX}"
