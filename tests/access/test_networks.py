"""Ranges of networks: what is accepted, whom an address belongs to, and their edges."""

from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from app.access.networks import (
    NetworkRange,
    RangeDraft,
    find_range,
    find_ranges,
    format_range,
    pack_address,
    parse_range,
    set_ranges,
)
from app.accounts.actors import Actor
from app.core.errors import InvalidInputError
from app.institutions.models import InstitutionSite
from app.institutions.queries import get_institution
from tests.institutions.people import add_institution

STAFF = Actor.system("test")
ADDRESSES = st.one_of(
    st.integers(int(IPv4Address("8.0.0.0")), int(IPv4Address("8.255.255.255"))).map(IPv4Address),
    st.integers(int(IPv6Address("2600::")), int(IPv6Address("2600:0:0:ffff::"))).map(IPv6Address),
)
SPANS = st.integers(0, 70_000)


@pytest.mark.once
@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("192.0.2.5", "192.0.2.5"),
        ("192.0.2.*", "192.0.2.0/24"),
        ("192.0.2.10 - 192.0.2.20", "192.0.2.10-192.0.2.20"),
        ("192.0.2.10-20", "192.0.2.10-192.0.2.20"),
        ("192.0.2.0\N{EN DASH}192.0.2.255", "192.0.2.0/24"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("2001:db8::1-2001:db8::ff", "2001:db8::1-2001:db8::ff"),
        ("127.0.0.1/32", "127.0.0.1"),
        ("::1", "::1"),
        ("8.8.0.0/14", "8.8.0.0/14"),
    ],
)  # fmt: skip
def test_parse_range_of_what_librarians_type_is_read(typed: str, stored: str) -> None:
    assert str(parse_range(typed)) == stored
    assert parse_range(stored) == parse_range(typed)


@pytest.mark.once
@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "Enter a network"),
        ("campus", "Enter a network"),
        ("192.0.2.0/33", "Enter a network"),
        ("192.0.2.256", "Enter a network"),
        ("192.0.2.20-192.0.2.10", "first address before"),
        ("192.0.2.1-2001:db8::1", "first address before"),
        ("10.0.0.0/8", "at most /14"),
        ("10.1.0.0/16", "private"),
        ("192.168.1.1", "private"),
        ("fd00::/64", "private"),
        ("fe80::1", "private"),
        ("224.0.0.1", "private or reserved"),
        ("8.0.0.0/13", "at most /14"),
        ("0.0.0.0/0", "at most /14"),
        ("2600::/28", "at most /29"),
        ("::/0", "at most /29"),
        ("8.8.8.8-8.12.8.8", "at most /14"),
    ],
)
def test_parse_range_of_what_is_no_campus_is_refused(typed: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_range(typed)


@given(first=ADDRESSES, span=SPANS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_find_range_at_its_edges_knows_who_is_inside(
    sessions: sessionmaker[Session], first: IPv4Address | IPv6Address, span: int
) -> None:
    last = first + span
    with sessions() as session:
        college = add_institution(session, "Edge College")
        set_ranges(session, college, [RangeDraft(f"{first}-{last}")], actor=STAFF)
        inside = (first, last, first + span // 2)
        assert [find_range(session, str(each)) is not None for each in inside] == [True] * 3
        assert find_range(session, str(first - 1)) is None
        assert find_range(session, str(last + 1)) is None
        session.rollback()


@pytest.mark.once
@given(first=ADDRESSES, span=SPANS, second=ADDRESSES, other_span=SPANS)
def test_overlaps_of_two_ranges_is_as_sets_say(
    first: IPv4Address | IPv6Address,
    span: int,
    second: IPv4Address | IPv6Address,
    other_span: int,
) -> None:
    one = NetworkRange(pack(first), pack(first + span))
    two = NetworkRange(pack(second), pack(second + other_span))
    is_shared = first.version == second.version and max(int(first), int(second)) <= min(
        int(first) + span, int(second) + other_span
    )
    assert one.overlaps(two) == two.overlaps(one) == is_shared


def pack(address: IPv4Address | IPv6Address) -> bytes:
    packed = pack_address(str(address))
    assert packed is not None
    return packed


def test_set_ranges_of_another_institution_is_refused_with_the_field(session: Session) -> None:
    first = add_institution(session, "First College")
    second = add_institution(session, "Second College")
    set_ranges(session, first, [RangeDraft("192.0.2.0/24")], actor=STAFF)
    drafts = [RangeDraft("198.51.100.0/24"), RangeDraft("192.0.2.255-192.0.3.4")]
    with pytest.raises(InvalidInputError) as caught:
        set_ranges(session, second, drafts, actor=STAFF)
    assert [each.pointer for each in caught.value.errors] == ["#/networks/1/range"]
    drafts = [RangeDraft("198.51.100.0/24"), RangeDraft("198.51.100.7")]
    with pytest.raises(InvalidInputError) as caught:
        set_ranges(session, second, drafts, actor=STAFF)
    assert "198.51.100.7 overlaps 198.51.100.0/24" in caught.value.errors[0].detail
    assert find_ranges(session, second) == []


def test_set_ranges_again_replaces_them_and_keeps_sites(session: Session) -> None:
    college = add_institution(session, "Site College")
    college.sites = [InstitutionSite(name="North")]
    session.flush()
    north = college.sites[0].id
    for _ in range(2):
        drafts = [RangeDraft("2001:db8::/48", north, is_public=True), RangeDraft("192.0.2.7")]
        set_ranges(session, college, drafts, actor=STAFF)
    assert [format_range(each) for each in find_ranges(session, college)] == [
        "192.0.2.7",
        "2001:db8::/48",
    ]
    found = find_range(session, "2001:db8::ffff")
    assert found is not None
    assert (found.site, found.is_public) == ("North", True)
    assert find_range(session, "::ffff:192.0.2.7") is not None
    assert find_range(session, "192.0.2.8") is None
    assert find_range(session, "not an address") is None


def test_set_ranges_by_two_institutions_at_once_gives_it_to_one(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        refs = [add_institution(session, f"College {n}").ref for n in range(4)]

    def enter(ref: str) -> bool:
        try:
            with sessions.begin() as own:
                college = get_institution(own, ref, for_change=True)
                set_ranges(own, college, [RangeDraft("192.0.2.0/25")], actor=STAFF)
        except InvalidInputError:
            return False
        return True

    with ThreadPoolExecutor(len(refs)) as pool:
        won = list(pool.map(enter, refs))
    assert sorted(won) == [False, False, False, True]
