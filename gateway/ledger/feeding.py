"""How the processes of a gateway write to the feed of the ledger."""

from __future__ import annotations

from gateway.configuration.settings import Settings
from gateway.ledger.digests import EventDigests
from gateway.ledger.place import ledger_of
from gateway.ledger.typed_ids import TypedIds
from gateway.queue.feed import Feeding
from gateway.queue.keys import Keys
from gateway.queue.settle import Reporting
from gateway.redis_client.schemes import names_cluster
from gateway.stages.digests import derived_key
from gateway.system.memory import available_memory, memory_bound

FEED_SHARE = 0.05
"""Share of the memory of Redis that the feed may take before records lose their detail."""
MAX_FEED_BYTES = 32_000_000


def build_feeding(settings: Settings) -> Feeding | None:
    """The `Feeding` for processes that decide about events; None without a ledger. Raises OSError
    when the folder of the ledger cannot be used."""
    if not settings.has_ledger:
        return None
    digests = ledger_digests(settings)
    has_content = settings.ledger.payload == "full"
    return Feeding(feed_bytes(settings), digests.of_decided, has_content)


def build_reporting(settings: Settings, destination: str) -> Reporting | None:
    """The `Reporting` for processes that deliver to `destination`; None without a ledger."""
    if not settings.has_ledger:
        return None
    return Reporting(Keys.of(settings), feed_bytes(settings), destination, settings.version)


def build_digests(settings: Settings) -> EventDigests | None:
    """The digests by which events are found and erased: with the ledger's key, or without a ledger
    with a key derived from `server.hash_salt`, which every machine of the gateway has. None without
    both. Raises OSError when the folder of the ledger cannot be used."""
    if settings.has_ledger:
        return ledger_digests(settings)
    if not settings.salt:
        return None
    return EventDigests(derived_key(settings.salt, b"erasure"), _typed_ids(settings))


def ledger_digests(settings: Settings) -> EventDigests:
    """The digests with the ledger's key. settings: with a ledger. Raises OSError when its folder
    cannot be used."""
    return EventDigests(ledger_of(settings).key(), _typed_ids(settings))


def _typed_ids(settings: Settings) -> TypedIds:
    regions = {getattr(each, "phone_region", None) for each in settings.destinations.values()}
    return TypedIds(settings.salt, sorted(filter(None, regions)))


def feed_bytes(settings: Settings) -> int:
    """How many bytes a feed may hold. On a cluster several feeds share the bytes: one for each
    destination, and the gateway's own."""
    feeds = 1 + len(settings.destinations) if names_cluster(settings.redis.url) else 1
    return _bytes_of_all(settings) // feeds


def _bytes_of_all(settings: Settings) -> int:
    memory = memory_bound(settings.redis.embedded_memory_bytes, available_memory())
    return min(MAX_FEED_BYTES, int(FEED_SHARE * memory)) if memory else MAX_FEED_BYTES
