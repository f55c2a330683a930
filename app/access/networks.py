"""Networks of institutions: ranges of addresses, from what a librarian types to who a visitor is.

An address is 16 bytes, IPv4 as ``::ffff:a.b.c.d``; so both families are compared alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv6Address,
    ip_address,
    ip_network,
    summarize_address_range,
)

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.access.models import IpRange
from app.accounts.actors import Actor
from app.accounts.audit import record_action
from app.core.errors import FieldProblem, InvalidInputError
from app.institutions.models import Institution, InstitutionSite

IPV4_MAPPED = int(IPv6Address("::ffff:0:0"))
# A class B network, and a site's usual /32 of IPv6: larger ones are typing errors.
MIN_IPV4_PREFIX, MIN_IPV6_PREFIX = 14, 29
MAX_RANGES = 500
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class NetworkRange:
    """A first and a last address."""

    first: bytes
    last: bytes

    def overlaps(self, other: "NetworkRange") -> bool:
        """Return whether the two have an address in common."""
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        """Return it as people write it: ``192.0.2.0/24``, or ``192.0.2.10-192.0.2.20``."""
        first, last = (_read_bytes(each) for each in (self.first, self.last))
        if first == last:
            return str(first)
        parts = list(summarize_address_range(first, last))
        return str(parts[0]) if len(parts) == 1 else f"{first}-{last}"


@dataclass(frozen=True, slots=True)
class RangeDraft:
    """A range as it is typed."""

    text: str
    site_id: int | None = None
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class KnownRange:
    """The range that an address belongs to."""

    institution_id: int
    site: str
    is_public: bool
    range: NetworkRange


def pack_address(address: str) -> bytes | None:
    """Return the 16 bytes of an address; None if it is none.

    >>> pack_address("192.0.2.1") == pack_address("::ffff:192.0.2.1")
    True
    >>> pack_address("testclient") is None
    True
    """
    try:
        parsed = ip_address(address.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    return _to_bytes(parsed)


def parse_range(typed: str) -> NetworkRange:
    """Return the range of a network, two addresses with a dash, one address, or asterisks.

    >>> str(parse_range("192.0.2.*")), str(parse_range("2001:db8::/32"))
    ('192.0.2.0/24', '2001:db8::/32')
    >>> str(parse_range("192.0.2.10 - 20")), str(parse_range("192.0.2.0-192.0.2.255"))
    ('192.0.2.10-192.0.2.20', '192.0.2.0/24')

    Raises:
        ValueError: it is none, too large, or private. The message is a sentence for its author.
    """
    first, last = _parse_ends("".join(typed.split()).replace("\N{EN DASH}", "-"))
    if first.version != last.version or int(first) > int(last):
        msg = "Enter the first address before the last one, both IPv4 or both IPv6."
        raise ValueError(msg)
    bits = first.max_prefixlen
    largest = MIN_IPV4_PREFIX if first.version == 4 else MIN_IPV6_PREFIX  # noqa: PLR2004
    if int(last) - int(first) >= 1 << (bits - largest):
        msg = f"Enter a network of at most /{largest}, or several smaller ones."
        raise ValueError(msg)
    for end in (first, last):
        # Loopback is for local trials. No visitor of a network comes from it.
        if (end.is_private and not end.is_loopback and not _is_documentation(end)) or (
            end.is_multicast or end.is_unspecified or end.is_link_local
        ):
            msg = f"{end} is a private or reserved address. Enter the addresses that sites see."
            raise ValueError(msg)
    return NetworkRange(_to_bytes(first), _to_bytes(last))


def find_range(session: Session, address: str) -> KnownRange | None:
    """Return the range that the address belongs to. None overlap, so one row decides."""
    packed = pack_address(address)
    if packed is None:
        return None
    row = session.execute(
        select(IpRange, InstitutionSite.name)
        .outerjoin(InstitutionSite, InstitutionSite.id == IpRange.site_id)
        .where(IpRange.first <= packed)
        .order_by(IpRange.first.desc())
        .limit(1)
    ).first()
    if row is None or row[0].last < packed:
        return None
    found, site = row
    return KnownRange(
        found.institution_id, site or "", found.is_public, NetworkRange(found.first, found.last)
    )


def find_ranges(session: Session, institution: Institution) -> Sequence[IpRange]:
    """Return the ranges of an institution by address."""
    return session.scalars(
        select(IpRange).where(IpRange.institution_id == institution.id).order_by(IpRange.first)
    ).all()


def format_range(row: IpRange) -> str:
    """Return a stored range as people write it."""
    return str(NetworkRange(row.first, row.last))


def set_ranges(
    session: Session, institution: Institution, drafts: Sequence[RangeDraft], *, actor: Actor
) -> None:
    """Replace the ranges of a locked institution.

    Raises:
        InvalidInputError: a range cannot be read, or overlaps another one; it names each.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Two institutions that enter one network at the same moment: the second one waits, and
        # then sees the first. SQLite has one writer anyway.
        session.execute(text("LOCK TABLE ip_ranges IN SHARE ROW EXCLUSIVE MODE"))
    ranges = _check(session, institution, drafts)
    before = [format_range(each) for each in find_ranges(session, institution)]
    session.execute(delete(IpRange).where(IpRange.institution_id == institution.id))
    session.add_all(
        IpRange(
            institution_id=institution.id,
            site_id=draft.site_id,
            first=each.first,
            last=each.last,
            is_public=draft.is_public,
        )
        for draft, each in zip(drafts, ranges, strict=True)
    )
    session.flush()
    after = [format_range(each) for each in find_ranges(session, institution)]
    if before != after:
        record_action(
            session,
            "institution",
            institution.ref,
            "networks_set",
            actor,
            before={"networks": before},
            after={"networks": after},
        )


def _check(
    session: Session, institution: Institution, drafts: Sequence[RangeDraft]
) -> list[NetworkRange]:
    if len(drafts) > MAX_RANGES:
        detail = f"Enter at most {MAX_RANGES} networks."
        raise InvalidInputError.of(FieldProblem("#/networks", detail))
    sites = {site.id for site in institution.sites}
    ranges: list[NetworkRange] = []
    problems = []
    for position, draft in enumerate(drafts):
        pointer = f"#/networks/{position}"
        try:
            parsed = parse_range(draft.text)
        except ValueError as error:
            problems.append(FieldProblem(f"{pointer}/range", str(error)))
            continue
        if draft.site_id is not None and draft.site_id not in sites:
            problems.append(FieldProblem(f"{pointer}/site", "Choose a site of the institution."))
        listed = next((each for each in ranges if each.overlaps(parsed)), None)
        if listed is not None:
            detail = f"{parsed} overlaps {listed}, which is in the list too. Remove one of them."
            problems.append(FieldProblem(f"{pointer}/range", detail))
        elif _find_overlap(session, institution, parsed):
            detail = f"{parsed} overlaps a network of another institution. Contact us."
            problems.append(FieldProblem(f"{pointer}/range", detail))
        ranges.append(parsed)
    if problems:
        raise InvalidInputError.of(*problems)
    return ranges


def _find_overlap(session: Session, institution: Institution, wanted: NetworkRange) -> int | None:
    return session.scalar(
        select(IpRange.id)
        .where(
            IpRange.institution_id != institution.id,
            IpRange.first <= wanted.last,
            IpRange.last >= wanted.first,
        )
        .limit(1)
    )


def _parse_ends(typed: str) -> tuple[Address, Address]:
    try:
        if "*" in typed:
            return ip_address(typed.replace("*", "0")), ip_address(typed.replace("*", "255"))
        if "-" in typed:
            start, _, end = typed.partition("-")
            if end.isdigit() and "." in start:
                end = f"{start.rpartition('.')[0]}.{end}"
            return ip_address(start), ip_address(end)
        network = ip_network(typed, strict=False)
        return network[0], network[-1]
    except ValueError as error:
        msg = "Enter a network, like 192.0.2.0/24, 192.0.2.10-192.0.2.20, or 2001:db8::/32."
        raise ValueError(msg) from error


def _is_documentation(address: Address) -> bool:
    return any(
        address in ip_network(each)
        for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
    )


def _to_bytes(address: Address) -> bytes:
    value = int(address) + IPV4_MAPPED if address.version == 4 else int(address)  # noqa: PLR2004
    return value.to_bytes(16, "big")


def _read_bytes(packed: bytes) -> Address:
    parsed = IPv6Address(packed)
    return parsed.ipv4_mapped or parsed
