"""Properties that a page or a backend gives to an event, under names of its own."""

from collections.abc import Collection, Mapping
from typing import Any

from gateway.event import Event
from gateway.event.bounds import is_same
from gateway.event.mending import with_params
from gateway.sources.reading import own_parameters, present
from gateway.sources.statement_fields import with_fields_expanded


def read_own_properties(properties: Mapping[str, Any]) -> Event:
    """`properties` as fields of an event."""
    return own_parameters(present(with_fields_expanded({**properties})))


def with_own_apart(own: Event, fields: Event, moved: Collection[str]) -> Event:
    """`own` properties with `fields`, which the protocol states elsewhere. Properties named in
    `moved` move to `gateway.event.mending.PARAMS` unchanged."""
    if not moved:
        return {**own, **fields}
    apart = {name: own[name] for name in moved}
    kept = {name: value for name, value in own.items() if name not in apart}
    return with_params({**kept, **fields}, apart)


def differing(own: Event, fields: Event, names: Collection[str]) -> list[str]:
    """The `names` for which `own` and `fields` have different values."""
    both = [name for name in names if name in own and name in fields]
    return [name for name in both if not is_same(own[name], fields[name])]
