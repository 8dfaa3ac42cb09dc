"""The operators' application of a web application that runs in a test."""

from __future__ import annotations

from starlette.testclient import TestClient


def operators(web: TestClient, **headers: str) -> TestClient:
    """A client of the operators' application on this machine, in the event loop of `web`. headers:
    of each request."""
    client = TestClient(
        web.app.operators,  # type: ignore[attr-defined]
        "http://127.0.0.1:8081",
        headers=headers,
        client=("127.0.0.1", 50000),
    )
    client.portal = web.portal
    return client
