"""Names in Redis: unchanged without a namespace, and shared by no two namespaces."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot
from rq.job import validate_job_id

from gateway.queue.keys import Keys
from tests.support.keys import ADS, KEYS

NAMESPACES = st.from_regex(r"[A-Za-z0-9_]{1,32}", fullmatch=True)
DESTINATIONS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)


def names(keys: Keys, destination: str) -> list[str]:
    """Every name that a gateway uses in Redis; of names that vary, only the constant start."""
    of = keys.destination(destination)
    return [
        *keys.own,
        keys.feed_name,
        keys.feeds,
        keys.recent,
        keys.refused,
        keys.refused_requests,
        keys.gateways,
        keys.links,
        keys.limits,
        keys.erased,
        keys.console,
        keys.queue_key,
        *astuple(of),
        of.minute(1_795_219_200.0),
        f"rq:job:{keys.later_job(destination)}",
    ]


def test_existing_installations_find_their_data() -> None:
    assert KEYS.namespace == "gw"
    assert names(KEYS, "ads") == [
        "gw:counts",
        "gw:{gw:counts}:feed",
        "gw:{gw:counts}:committed:",
        "gw:{gw:counts}:quarantine",
        "gw:{gw:counts}:late:due",
        "gw:{gw:counts}:late:said",
        "gw:{gw:counts}:late:events:",
        "gw:{gw:counts}:late:withdrawn:",
        "gw:{gw:counts}:quarantine:untrusted",
        "gw:{gw:counts}:feed:name",
        "gw:{gw:counts}:feeds",
        "gw:recent",
        "gw:refused",
        "gw:refused:requests",
        "gw:gateways",
        "gw:link:",
        "gw:{gw:counts}:limit:",
        "gw:{gw:counts}:erased",
        "gw:{gw:counts}:console:",
        "rq:queue:gateway",
        "gw:{ads}:stream",
        "gw:{ads}:dead",
        "gw:{ads}:untrusted",
        "gw:{ads}:counts",
        "gw:{ads}:drains",
        "gw:{ads}:wake",
        "gw:{ads}:pause",
        "gw:{ads}:suspects",
        "gw:{ads}:tickets",
        "gw:{ads}:polls",
        "gw:{ads}:polled",
        "gw:{ads}:error",
        "gw:{ads}:warning",
        "gw:{ads}:seen",
        "gw:{ads}:replays",
        "gw:{ads}:feed",
        "gw:{ads}:committed",
        "gw:{ads}:minute:29920320",
        "rq:job:later-ads",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("counts", "staging:counts"),
        ("quarantine", "staging:{staging:counts}:quarantine"),
        ("queue", "gateway-staging"),
    ],
)
def test_a_namespace_begins_every_name(name: str, expected: str) -> None:
    assert getattr(Keys("staging"), name) == expected


@given(NAMESPACES, DESTINATIONS, NAMESPACES, DESTINATIONS)
def test_no_two_namespaces_share_a_name(one: str, ads: str, other: str, books: str) -> None:
    if one != other:
        assert set(names(Keys(one), ads)).isdisjoint(names(Keys(other), books))


@given(st.sampled_from(["gw", "a", "a_", "later", "gateway"]), DESTINATIONS)
def test_a_name_that_looks_like_another_namespace_is_none(namespace: str, name: str) -> None:
    others = {"gw", "a", "a_", "later", "gateway"} - {namespace}
    for other in others:
        for alike in (name, f"{namespace}-{name}", f"_{namespace}-{name}", f"-{name}"):
            assert Keys(namespace).later_job(name) != Keys(other).later_job(alike)


@given(NAMESPACES, DESTINATIONS)
def test_rq_takes_the_ids_of_its_jobs(namespace: str, destination: str) -> None:
    validate_job_id(Keys(namespace).later_job(destination))


@given(NAMESPACES, DESTINATIONS)
def test_one_script_reaches_all_keys_of_a_destination_and_all_of_the_gateway(
    namespace: str, destination: str
) -> None:
    keys = Keys(namespace)
    of_destination = {key_slot(key.encode()) for key in astuple(keys.destination(destination))}
    assert len(of_destination) == len({key_slot(key.encode()) for key in keys.own}) == 1


def test_the_keys_of_a_destination_are_made_once() -> None:
    assert Keys("gw").destination("ads") is ADS
