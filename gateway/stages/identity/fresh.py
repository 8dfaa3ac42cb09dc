"""Fresh ids: unpredictable, and the same for all events of one request.

The events of a batch belong to one visitor and are decided one by one. So an id is computed from
the request, with a key that each process draws at random, and nothing has to be remembered.
"""

from collections.abc import Callable
from hashlib import blake2b
from secrets import token_bytes
from struct import Struct

from gateway.event import Received

_pack = Struct("dq").pack

FreshNumber = Callable[[Received], int]


def compile_fresh_number(purpose: bytes) -> FreshNumber:
    """A function from a request to a number of 31 bits, never 0, that is independent for each
    `purpose`.

    gtag.js and Meta's pixel draw 31 bits too. Their cookies append the time, as ours do.
    """
    keyed = blake2b(digest_size=8, key=token_bytes(32), person=purpose)

    def fresh_number(received: Received) -> int:
        digest = keyed.copy()
        digest.update(_pack(received.at, received.number))
        digest.update(f"{received.client_ip} {received.user_agent}".encode("utf-8", "replace"))
        return int.from_bytes(digest.digest(), "big") % (2**31 - 1) + 1

    return fresh_number
