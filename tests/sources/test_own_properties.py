"""A sender's own properties are compared with the fields that the protocol states."""

from typing import Any

import pytest

from gateway.sources.own_properties import differing


def nested() -> Any:
    inner: Any = 1
    for _ in range(1000):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("own", "stated", "names"),
    [
        ({"a": 1, "b": [1], "own": 1}, {"a": 1, "b": [2], "stated": 1}, ["b"]),
        ({"a": nested(), "b": 1}, {"a": nested(), "b": 1}, ["a"]),
    ],
    ids=["differing", "too deep to compare"],
)
def test_values_that_differ_or_are_too_deep_to_compare(
    own: dict[str, Any], stated: dict[str, Any], names: list[str]
) -> None:
    assert differing(own, stated, ["a", "b", "own", "stated"]) == names
