"""A process that needs an access token, and then another, because the receiver refused the first.

    python token_process.py REDIS_URL TOKEN_URL

Prints that it is ready, and then each token after it has read a line. If it gets no token, it
prints why, and ends with status 1.
"""

from __future__ import annotations

import asyncio
import sys

from pydantic import TypeAdapter
from redis.asyncio import Redis

from gateway.configuration.credentials import CredentialSettings
from gateway.credentials import open_credential
from gateway.http import NotSent
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
    token = ""
    try:
        for _ in range(2):
            sys.stdin.readline()
            token = await credential.token(refused=token)
            print(token, flush=True)
    except NotSent as error:
        print(error, flush=True)
        sys.exit(1)
    finally:
        await credential.close()
        await redis.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
