"""Links between domains that were followed: each identifies its visitor once."""

from redis.asyncio import Redis

from gateway.queue.keys import Keys


async def claim_link(redis: Redis, keys: Keys, link: str, seconds: int) -> bool:
    """Claims `link` for `seconds`. Returns False if it has been claimed before.

    link: its id. Raises a redis-py error when that is not certain.
    """
    return bool(await redis.set(f"{keys.links}{link}", b"", nx=True, ex=seconds))
