"""Every attack of the table in docs/security.md, for a shorter time: neighbours lose nothing, and
the cost of the attack is bounded."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from gateway.system.processes import allow_many_files
from tests.attacks.attacks import ATTACKS, Attack
from tests.attacks.measuring import Normal, measure, measure_normal
from tests.attacks.target import Target

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

SHARE = 0.8
"""The part of an attack's time in the table; by then the slowest connections are closed."""
MAX_HOLD = 250
"""How long the event loop may be held, as a multiple of a normal request's time."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    allow_many_files()
    with Target(tmp_path_factory.mktemp("attacks")) as target:
        yield target


@pytest.fixture(scope="module")
def normal(target: Target) -> Normal:
    return measure_normal(target, 4)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_an_attack_costs_no_neighbour_an_event(
    target: Target, normal: Normal, attack: Attack
) -> None:
    measured = measure(target, attack, SHARE * attack.seconds)
    assert not measured.problems()
    assert measured.hold < MAX_HOLD * normal.request
    assert not target.was_restarted()
