"""Asks a web application for submission tokens, as a page does."""

from __future__ import annotations

from starlette.testclient import TestClient

SHOP = "https://shop.example"


def token(web: TestClient, path: str = "/collect", origin: str = SHOP) -> str:
    issued: str = web.post(f"{path}/token", headers={"origin": origin}).json()["token"]
    return issued
