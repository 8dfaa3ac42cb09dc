"""A process that needs an access token, and then another, because the receiver refused the first.

    python token_process.py REDIS_URL TOKEN_URL

Says that it is ready, and prints the one and the other token, each after it has read a line.
"""

from __future__ import annotations

import asyncio
import sys

from pydantic import TypeAdapter
from redis.asyncio import Redis

from gateway.configuration.credentials import CredentialSettings
from gateway.credentials import open_credential
from gateway.queue.keys import Keys


async def main(redis_url: str, token_url: str) -> None:
    settings = TypeAdapter[CredentialSettings](CredentialSettings).validate_python(
        {
            "type": "refresh_token",
            "token_url": token_url,
            "client_id": "gateway",
            "client_secret": "of-the-client",
            "refresh_token": "the-first-refresh-token",
            "allow_private_addresses": True,
        }
    )
    redis = Redis.from_url(redis_url)
    credential = open_credential("crm", settings, redis, Keys("gw"))
    print("ready", flush=True)
    sys.stdin.readline()
    first = await credential.token()
    print(first, flush=True)
    sys.stdin.readline()
    print(await credential.token(refused=first), flush=True)
    await credential.close()
    await redis.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
