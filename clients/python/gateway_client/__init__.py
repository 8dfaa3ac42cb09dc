"""Sends the events of a backend to an event gateway.

    from gateway_client import Client

    gateway = Client("https://metrics.shop.example/events", key=os.environ["GATEWAY_KEY"])
    gateway.event("purchase", {"transaction_id": "T-1001", "value": 59.8, "currency": "EUR"})

`Client` is for threads, `AsyncClient` for asyncio.
"""

from gateway_client.async_client import AsyncClient
from gateway_client.client import Client
from gateway_client.failures import Failure, NotAccepted

__all__ = ["AsyncClient", "Client", "Failure", "NotAccepted"]
