"""A mapping of the user's added to the one of the vendor."""

from destinations.mapping.settings import EventMapping, MappingSettings

Named = str | EventMapping


def merged(built_in: MappingSettings, own: MappingSettings) -> MappingSettings:
    """The one mapping that `own` makes of `built_in`, complete: it replaces any other.

    What both say of an event is joined. A field that both set is as in `own`.
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
