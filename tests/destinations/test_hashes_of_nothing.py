"""The hash of an empty value is removed: it would match everyone who has none."""

from __future__ import annotations

from hashlib import sha256

import pytest

from destinations.normalise import email, hashing
from destinations.remarks import collect_remarks

HASHED = hashing("email_address", email)
ADA = sha256(b"ada@example.com").hexdigest()


def digest_of(word: str) -> str:
    return sha256(word.encode()).hexdigest()


@pytest.mark.parametrize("word", ["", " ", "null", "undefined", "None", "N/A"])
@pytest.mark.parametrize("name", ["email_address", "sha256_email_address"])
def test_it_is_removed_with_a_remark(name: str, word: str) -> None:
    for stated in (digest_of(word), digest_of(word).upper()):
        with collect_remarks() as remarks:
            assert HASHED([{name: [stated, ADA]}]) == [ADA]
        assert len(remarks) == 1
        assert remarks[0].startswith(f"{name}: removed because")
