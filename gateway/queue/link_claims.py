"""Links between domains that were followed: each identifies its visitor once."""

from hashlib import blake2b

from redis.asyncio import Redis

from gateway.queue.keys import Keys


async def claim_link(redis: Redis, keys: Keys, link: str, seconds: int, event_id: str) -> bool:
    """Claims `link` for `seconds`. Returns False if another event has claimed it before.

    link: its id. event_id: of the event that claims it, so that a sender may repeat a request that
    was refused; "" if the sender stated none. Raises a redis-py error when that is not certain.
    """
    claimant = _digest(event_id) if event_id else b""
    claimed_by = await redis.set(f"{keys.links}{link}", claimant, nx=True, get=True, ex=seconds)
    return claimed_by is None or (claimed_by == claimant != b"")


def _digest(event_id: str) -> bytes:
    return blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
