"""The keys of a gateway in the default namespace, and of two of its destinations."""

from gateway.queue.keys import Keys
from gateway.redis_client.namespace import DEFAULT_NAMESPACE

KEYS = Keys(DEFAULT_NAMESPACE)
ADS, BOOKS = KEYS.destination("ads"), KEYS.destination("books")
