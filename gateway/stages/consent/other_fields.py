"""What fields besides `consent` say in Consent Mode's types."""

from gateway.event import Event
from gateway.event.consent import OTHER_CONSENTS, TYPE_FIELDS, has_denial, read_consent

Pairs = tuple[tuple[str, str], ...]

_OTHER_CONSENTS = frozenset(OTHER_CONSENTS)


def said_elsewhere(event: Event) -> Pairs:
    """The states in objects with another name: ``consent_state: {ad_storage: granted}``."""
    if _OTHER_CONSENTS.isdisjoint(event):
        return ()
    objects = [event[name] for name in OTHER_CONSENTS if isinstance(event.get(name), dict)]
    return tuple(read_consent(objects)[0].items())


def denied_by_type(event: Event) -> Pairs:
    """The types that have a field of their own with a denial: ``ad_storage: denied``.

    Pages report the state of their tags in such fields, also before the visitor has answered. So
    they are no word of the visitor and grant nothing.
    """
    if TYPE_FIELDS.keys().isdisjoint(event):
        return ()
    fields = [(kind, event[name]) for name, kind in TYPE_FIELDS.items() if name in event]
    return tuple((kind, "denied") for kind, value in fields if has_denial(value))
