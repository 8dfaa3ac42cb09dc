"""The keys of a gateway without a namespace of its own, and of two destinations."""

from gateway.queue.keys import Keys
from gateway.redis_client.namespace import DEFAULT_NAMESPACE

KEYS = Keys(DEFAULT_NAMESPACE)
ADS, BOOKS = KEYS.destination("ads"), KEYS.destination("books")
