"""The help of filters names fields and values that can be found."""

from __future__ import annotations

import re
from collections.abc import Callable

from click.testing import Result

from gateway.event.fields import known_names

Run = Callable[..., Result]


def test_the_example_is_a_field_that_events_keep(run: Run) -> None:
    text = " ".join(run("events", "list", "--help").output.split())
    example = re.search(r"such as `([\w.]+)=", text)
    assert example is not None
    *above, name = example[1].split(".")
    assert name in known_names(*above)


def test_days_are_named_where_they_may_be_written(run: Run) -> None:
    text = " ".join(run("events", "list", "--help").output.split())
    assert text.count("today, yesterday or ISO 8601") == 2
