"""Shared by the tests of identity: one event through the stage, with all consent granted."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gateway.event import Received
from gateway.stages.identity import Identified, IdentitySettings, compile_identity

AT = 1_795_289_700.25
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36"
GRANTED = dict.fromkeys(
    ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization"), "granted"
)

Identify = Callable[..., Identified]


@pytest.fixture
def received() -> Callable[..., Received]:
    """Makes a request to ``metrics.shop.com``. jar: its cookies. linked_visitor: of a link that it
    has claimed. headers: with underscores in their names."""

    def make(
        jar: str = "",
        trusted: bool = False,
        at: float = AT,
        client_ip: str = "203.0.113.7",
        linked_visitor: str = "",
        agent: str = AGENT,
        **headers: str,
    ) -> Received:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        cookie = {"cookie": jar} if jar else {}
        all_headers = {"host": "metrics.shop.com", **cookie, **named}
        return Received(
            "site", at, client_ip, agent, all_headers, trusted, linked_visitor=linked_visitor
        )

    return make


@pytest.fixture
def identify(received: Callable[..., Received]) -> Identify:
    """Runs the stage with `settings` for `event`. unstated: consent types that were not stated.
    request: for `received`."""

    def run(
        jar: str = "",
        event: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        salt: str | None = "salt",
        unstated: Iterable[str] = (),
        **request: Any,
    ) -> Identified:
        stage = compile_identity(IdentitySettings.model_validate(settings or {}), salt)
        said = {"event_name": "page_view", "consent": GRANTED, **(event or {})}
        return stage(said, received(jar, **request), frozenset(unstated))

    return run
