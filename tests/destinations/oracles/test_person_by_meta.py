"""We hash personal data in the same form as Meta's libraries, except for `DIFFERENCES`.

facebook-business is Meta's SDK; capi-param-builder is its library for data of browsers and forms.
"""

from __future__ import annotations

import re
from hashlib import sha256

import pytest
from facebook_business.adobjects.serverside.normalize import Normalize
from hypothesis import given
from hypothesis import strategies as st

from destinations.meta import Meta, MetaSettings
from tests.destinations.oracles.differences import BUILDER, DIFFERENCES, SDK, Difference
from tests.destinations.oracles.node import Node
from tests.destinations.oracles.texts import TEXTS
from tests.destinations.persons import digests_at

META = Meta(MetaSettings(pixel_id="1", access_token="t", phone_region="US"))

NOT_IN_SDK = {"ge", "external_id"}
"""The SDK takes a gender as one of its constants, and does not normalise an id."""

NAMES_IN_BUILDER = {
    "em": "email",
    "ph": "phone",
    "fn": "first_name",
    "ln": "last_name",
    "ct": "city",
    "st": "state",
    "zp": "zip_code",
    "country": "country",
    "ge": "gender",
    "db": "date_of_birth",
    "external_id": "external_id",
}


def theirs(node: Node, oracle: str, field: str, text: str) -> str | None:
    """The text that `oracle` hashes; None if it does not accept `text`."""
    if oracle == BUILDER:
        answer: str | None = node.ask("person", field=NAMES_IN_BUILDER[field], text=text)
        return answer or None
    try:
        return Normalize.normalize(field, text, False) or None
    except (TypeError, ValueError):
        return None


def hashed(form: str) -> str:
    return sha256(form.encode()).hexdigest()


def is_decided(oracle: str, field: str, text: str) -> bool:
    return any(
        difference.oracle == oracle
        and difference.field == field
        and re.search(difference.where, text)
        for difference in DIFFERENCES
    )


CASES = [(SDK, field) for field in TEXTS if field not in NOT_IN_SDK] + [
    (BUILDER, field) for field in TEXTS
]


@pytest.mark.parametrize(("oracle", "field"), CASES)
@given(data=st.data())
def test_every_difference_has_been_decided(
    oracle: str, field: str, data: st.DataObject, node: Node
) -> None:
    text = data.draw(TEXTS[field])
    form, ours = theirs(node, oracle, field, text), digests_at(META, field, text)
    agree = hashed(form) in ours if form else not ours
    assert agree or is_decided(oracle, field, text), f"{oracle} hashes {form!r} of {text!r}"


@pytest.mark.parametrize(
    "difference", DIFFERENCES, ids=lambda each: f"{each.oracle}-{each.field}-{each.example}"
)
def test_each_difference_is_one(difference: Difference, node: Node) -> None:
    oracle, field, where, _why, example, form, ours = difference
    assert re.search(where, example)
    assert theirs(node, oracle, field, example) == form
    assert digests_at(META, field, example) == {hashed(each) for each in ours}
    assert form not in ours


@pytest.mark.parametrize("field", TEXTS)
def test_a_hash_of_the_builder_is_sent_as_the_hash_in_it(field: str, node: Node) -> None:
    """With or without the mark that the builder appends; facebook-business has no mark."""
    digest = hashed("ada")
    marked = node.ask("hash", field=NAMES_IN_BUILDER[field], text=f"  {digest.upper()} ")
    assert marked.partition(".")[0] == digest
    assert digests_at(META, field, marked) == digests_at(META, field, digest) == {digest}
