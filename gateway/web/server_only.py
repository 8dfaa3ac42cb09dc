"""Events that a page may not send, such as purchases that the shop's server reports itself."""

from collections.abc import Collection
from itertools import count

from gateway.sources.base import Batch, Refusal

MESSAGE = (
    "this source accepts events with this name only from trusted senders (`server_only`); send "
    "them from a server with a key"
)


def compile_names(names: Collection[str]) -> frozenset[str]:
    """The names of `server_only`, as `refuse_server_only` takes them."""
    return frozenset(map(_plain, names))


def refuse_server_only(batch: Batch, names: Collection[str]) -> int:
    """Moves the events of `batch` that have one of `names` to its refused events, and returns how
    many it moved. A trusted sender may send them.

    Case and surrounding blanks make no difference: some destinations ignore them too.
    """
    if batch.trusted or not any(_plain(event["event_name"]) in names for event in batch.events):
        return 0
    before = {each.index for each in batch.refused}
    places = (index for index in batch.places or count() if index not in before)
    kept, refused = [], []
    for index, event in zip(places, batch.events, strict=False):
        if _plain(event["event_name"]) in names:
            refused.append(Refusal(index, MESSAGE))
        else:
            kept.append(event)
    batch.events[:] = kept
    batch.refused = sorted([*batch.refused, *refused], key=lambda each: each.index)
    return len(refused)


def _plain(name: str) -> str:
    return name.strip().casefold()
