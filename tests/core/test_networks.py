"""Whom an address stands for."""

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from app.core.networks import network_of, normalize_address

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:DB8:1:2::1", "2001:db8:0001:0002::9"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("::FFFF:c633:6407", "198.51.100.7"),
        ("[2001:db8::1]", "2001:db8::2"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_addresses_of_one_network_count_as_one(one: str, other: str) -> None:
    assert normalize_address(one) == normalize_address(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8:1:2::1", "2001:db8:1:3::1"), ("198.51.100.7", "198.51.100.8"), ("x", "y")],
)
def test_others_do_not(one: str, other: str) -> None:
    assert normalize_address(one) != normalize_address(other)


@given(st.text())
def test_whatever_a_proxy_says_is_counted_under_something(text: str) -> None:
    scope = {"type": "http", "client": (text, 1)}
    assert network_of(Request(scope)) == normalize_address(text)
