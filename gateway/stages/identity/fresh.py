"""Fresh ids: random for everybody else, the same for all events of one request.

The events of a batch belong to one visitor and are decided one by one. So an id is worked out
from the request with a key that each process draws for itself, and nothing has to be remembered.
"""

from collections.abc import Callable
from hashlib import blake2b
from secrets import token_bytes
from struct import Struct

from gateway.event import Received

_pack = Struct("d").pack

FreshNumber = Callable[[Received], int]


def compile_fresh_number(purpose: bytes) -> FreshNumber:
    """A function to a number of 31 bits, never 0, which are different for each `purpose`.

    31 bits because gtag.js and Meta's pixel draw as many; with the time after it, as in both of
    their cookies, two visitors share one as rarely as theirs do.
    """
    keyed = blake2b(digest_size=8, key=token_bytes(32), person=purpose)

    def fresh_number(received: Received) -> int:
        # two requests of one process never arrive at the same moment
        digest = keyed.copy()
        digest.update(_pack(received.at))
        digest.update(f"{received.client_ip} {received.user_agent}".encode("utf-8", "replace"))
        return int.from_bytes(digest.digest(), "big") % (2**31 - 1) + 1

    return fresh_number
