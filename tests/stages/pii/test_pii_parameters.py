"""The form in which a value is taken for what its name says: each bound, and one step beyond."""

import pytest

from gateway.stages.pii.parameters import CARD, EMAIL, PASSWORD, PHONE, SECRET, Telling, loses


@pytest.mark.parametrize(
    ("telling", "value", "lost"),
    [
        (SECRET, "Wintermantel2026Blau", False),  # four changes of kind, as in product names
        (SECRET, "Wintermantel2026BlauX", True),  # five
        (SECRET, "aB3dE6gH9jK2mN5", False),  # 15 characters
        (SECRET, "aB3dE6gH9jK2mN5p", True),
        (SECRET, "aBdEgHjKmNpQrStU", False),  # no digit
        (SECRET, "0123456789abcde", False),
        (SECRET, "0123456789abcdef", True),  # hexadecimal needs no mixture
        (SECRET, "winter-2026-mantel-blau-38", False),  # a separator is no change of kind
        (SECRET, "aB3dE6gH9jK2mN5ü", False),
        (PHONE, "123 45", False),
        (PHONE, "123 456", True),
        (PHONE, "123456 abc", True),
        (PHONE, "123456 abcd", False),
        (CARD, "12", False),
        (CARD, "123", True),
        (CARD, "123a", False),
        (EMAIL, "anything", True),
        (EMAIL, "", False),
        (EMAIL, "True", False),
        (PASSWORD, "1", False),
        (PASSWORD, "2", True),
        (PASSWORD, "%5Btoken%5D", False),  # already removed
        (PASSWORD, " 1%20", False),
    ],
)
def test_which_values_are_lost(telling: Telling, value: str, lost: bool) -> None:
    assert loses(telling, value) is lost
