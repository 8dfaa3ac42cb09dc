"""Addresses as backends state them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event.address import first_address


@pytest.mark.parametrize(
    ("stated", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("203.0.113.7.8", ""),
        ("999.1.1.1", ""),
        ("203.0.113.07", ""),
        ("unknown", ""),
        ("undefined", ""),
        (",203.0.113.7", ""),
        ("", ""),
    ],
)
def test_the_first_address_is_read(stated: str, address: str) -> None:
    assert first_address(stated) == address


@given(st.ip_addresses().map(str), st.sampled_from(["", ", 10.0.0.1", ",unknown", " ,"]))
def test_an_address_is_found_whatever_follows(address: str, rest: str) -> None:
    assert first_address(f" {address}{rest}") == first_address(address)
