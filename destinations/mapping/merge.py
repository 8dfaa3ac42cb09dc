"""Merges the user's mapping into the built-in one."""

from destinations.mapping.settings import EventMapping, MappingSettings

Named = str | EventMapping


def merged(built_in: MappingSettings, own: MappingSettings) -> MappingSettings:
    """The complete mapping that results from `built_in` and `own`.

    What both say about an event is joined. If both set a field, `own` wins.
    """
    base = built_in if own.built_in else MappingSettings()
    events: dict[str, Named | None] = dict(base.events)
    for event, given in own.events.items():
        if given is None:
            events.pop(event, None)
        else:
            events[event] = _joined(events.get(event), given)
    return MappingSettings(
        built_in=False,
        events=events,
        other_events=own.other_events or built_in.other_events or "custom",
        fields={**base.fields, **own.fields},
    )


def _joined(old: Named | None, new: Named) -> Named:
    if not isinstance(old, EventMapping) and not isinstance(new, EventMapping):
        return new
    before, after = _whole(old), _whole(new)
    fields = {**before.fields, **after.fields}
    name = after.name or before.name
    return EventMapping(name=name, fields=fields) if name else EventMapping(fields=fields)


def _whole(event: Named | None) -> EventMapping:
    if isinstance(event, EventMapping):
        return event
    return EventMapping(name=event)
