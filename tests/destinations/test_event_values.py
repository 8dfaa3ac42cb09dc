"""Values that several vendors get in the same form."""

import pytest

from destinations.event_values import event_time

NOW = 1_795_219_200.5


@pytest.mark.parametrize(
    ("stated", "sent"), [(-1, 0), (0, 0), (0.5, 0.5), (NOW - 60, NOW - 60), (NOW + 1, NOW)]
)
def test_an_event_happened_after_1970_and_not_in_the_future(stated: float, sent: float) -> None:
    assert event_time({"timestamp": stated}, NOW) == sent
    assert event_time({}, NOW) == NOW
